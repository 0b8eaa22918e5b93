import {
  type ClusterPod,
  HOSTNAME_LABEL,
  mayRunOn,
  type NeighbourRule,
  type PodSelection,
  type SpreadRule,
  selectsPod,
} from '@forescale/shared/domain';
import { LabelIndex, labelOf } from './label-index.ts';
import type { Place } from './packing.ts';

/** Whether one more pod of a class may join those at a place. To be asked anew after every pod. */
export interface Gate {
  admits(place: Place): boolean;
  /** Whether a place that has refused may admit later, when others have filled up. */
  readonly reopens: boolean;
}

/** How many of some pods there are, in all and by domain of the rule. */
interface Tally {
  readonly rule: NeighbourRule;
  readonly byDomain: Map<string, number>;
  total: number;
  changes: number;
}

/** A pod at a place, or so many like it more or fewer. */
interface Presence {
  readonly place: Place;
  readonly pod: ClusterPod;
  readonly by: number;
}

/**
 * Which pods are where, for the rules that pods have about each other: anti-affinity (in both directions), affinity and
 * spread. Follows the pods that a simulated scheduling places and moves. Pods on nodes that are not Ready or on their
 * way out are not known to it.
 *
 * All pods are looked through once for each label that rules select by, and not at all where no pod has rules.
 */
export class Neighbours {
  readonly #places: readonly Place[];
  readonly #moved: Presence[] = [];
  /** Pods that a rule selects, by the rule. */
  readonly #selected = new Map<string, Tally>();
  readonly #selectedBy = new LabelIndex<Tally>();
  /** Pods that have an anti-affinity, by that; null until somebody asks. */
  #guards: Map<string, Tally> | null = null;
  readonly #guardsBy = new LabelIndex<Tally>();
  /** Pods by the key and the value of a label, for values that a rule speaks of. */
  readonly #pods = new Map<string, Map<string, Presence[]>>();

  readonly #coming: readonly ClusterPod[] | null;
  readonly #haveRules: boolean;

  /**
   * `places` as they are before anything is placed or moved; `coming`: pods that may join those
   * at the places; null: any of these themselves.
   */
  constructor(places: readonly Place[], coming: readonly ClusterPod[] | null) {
    this.#places = [...places];
    this.#coming = coming;
    this.#haveRules = places.some((place) => place.ruled.length > 0);
  }

  /** Whether these pods, or any that are there, have rules at all. */
  matterTo(pods: readonly ClusterPod[]): boolean {
    return this.#haveRules || pods.some((pod) => pod.rules !== null);
  }

  /** `by` pods like this one more at a place; negative: fewer. */
  shift(place: Place, pod: ClusterPod, by: number): void {
    this.#moved.push({ place, pod, by });
    for (const tally of this.#selectedBy.of(pod)) if (selectsPod(tally.rule.pods, pod)) count(tally, place, by);
    if (this.#guards !== null) this.#countGuard({ place, pod, by });
  }

  /** The rules for pods like `sample` on `places`, which may grow meanwhile; null: none stands in their way. */
  gateOf(sample: ClusterPod, places: readonly Place[]): Gate | null {
    const guards = this.#guardsAgainst(sample);
    const apart = (sample.rules?.apartFrom ?? []).map((rule) => this.#tallyOf(rule));
    const besides = (sample.rules?.besides ?? []).map((rule) => this.#tallyOf(rule));
    const spread = (sample.rules?.spread ?? []).map((rule) => this.#spreadOf(rule, sample, places));
    const repelling = [...guards, ...apart];
    if (repelling.length + besides.length + spread.length === 0) return null;
    return {
      reopens: spread.length > 0,
      admits: (place) =>
        repelling.every((tally) => numberAt(tally, place) === 0) &&
        besides.every((tally) => isBeside(tally, sample, place)) &&
        spread.every((isEven) => isEven(place)),
    };
  }

  #tallyOf(rule: NeighbourRule): Tally {
    const key = keyOf(rule);
    const known = this.#selected.get(key);
    if (known) return known;
    const tally: Tally = { rule, byDomain: new Map(), total: 0, changes: 0 };
    const presences = [this.#candidates(rule.pods), this.#moved];
    for (const some of presences) {
      for (const { place, pod, by } of some) if (selectsPod(rule.pods, pod)) count(tally, place, by);
    }
    this.#selected.set(key, tally);
    this.#selectedBy.add(rule.pods, tally);
    return tally;
  }

  /** Pods present from the start that the selection may mean. */
  #candidates(selection: PodSelection): readonly Presence[] {
    const label = labelOf(selection);
    if (label === null) return this.#places.flatMap((place) => place.pods.map((pod) => ({ place, pod, by: 1 })));
    let byValue = this.#pods.get(label.key);
    if (byValue === undefined) {
      byValue = this.#byValue(label.key, this.#valuesAskedFor(label.key));
      this.#pods.set(label.key, byValue);
    }
    const found = byValue;
    return label.values.flatMap((value) => found.get(value) ?? []);
  }

  /** The values of a label that rules of pods speak of which may be placed. */
  #valuesAskedFor(key: string): Set<string> {
    const values = new Set<string>();
    const askAll = (rules: readonly NeighbourRule[]) => {
      for (const { pods } of rules) {
        const label = labelOf(pods);
        if (label?.key === key) for (const value of label.values) values.add(value);
      }
    };
    const ask = ({ rules }: ClusterPod) => {
      if (rules === null) return;
      askAll(rules.apartFrom);
      askAll(rules.besides);
      askAll(rules.spread);
    };
    for (const pod of this.#coming ?? []) ask(pod);
    if (this.#coming === null) for (const { ruled } of this.#places) for (const pod of ruled) ask(pod);
    return values;
  }

  #byValue(key: string, values: ReadonlySet<string>): Map<string, Presence[]> {
    const byValue = new Map<string, Presence[]>();
    for (const place of this.#places) {
      for (const pod of place.pods) {
        const value = pod.labels[key];
        if (value === undefined || !values.has(value)) continue;
        const known = byValue.get(value);
        if (known) known.push({ place, pod, by: 1 });
        else byValue.set(value, [{ place, pod, by: 1 }]);
      }
    }
    return byValue;
  }

  /** Pods that want none like this one near them. */
  #guardsAgainst(sample: ClusterPod): Tally[] {
    if (this.#guards === null) {
      this.#guards = new Map();
      const labels = this.#coming === null ? null : labelsOf(this.#coming);
      for (const place of this.#places)
        for (const pod of place.ruled) if (mayConcern(pod, labels)) this.#countGuard({ place, pod, by: 1 });
      for (const moved of this.#moved) this.#countGuard(moved);
    }
    return this.#guardsBy.of(sample).filter(({ rule }) => selectsPod(rule.pods, sample));
  }

  #countGuard({ place, pod, by }: Presence): void {
    for (const rule of pod.rules?.apartFrom ?? []) {
      const key = keyOf(rule);
      let tally = this.#guards?.get(key);
      if (tally === undefined) {
        tally = { rule, byDomain: new Map(), total: 0, changes: 0 };
        this.#guards?.set(key, tally);
        this.#guardsBy.add(rule.pods, tally);
      }
      count(tally, place, by);
    }
  }

  /** Domains are those of places on which the pod might run; the emptiest of them bounds all others. */
  #spreadOf(rule: SpreadRule, sample: ClusterPod, places: readonly Place[]): (place: Place) => boolean {
    const tally = this.#tallyOf(rule);
    const itself = selectsPod(rule.pods, sample) ? 1 : 0;
    const domains = new Set<string>();
    let looked = 0;
    let fewest = 0;
    let changes = -1;
    const fewestNow = () => {
      if (looked === places.length && changes === tally.changes) return fewest;
      for (; looked < places.length; looked++) {
        const place = places[looked] as Place;
        const domain = domainOf(place, rule);
        const mayRun = place.isNew || mayRunOn(sample, place.labels, place.taints);
        if (domain !== null && mayRun) domains.add(domain);
      }
      changes = tally.changes;
      fewest = Number.POSITIVE_INFINITY;
      for (const domain of domains) {
        fewest = Math.min(fewest, tally.byDomain.get(domain) ?? 0);
        if (fewest === 0) break;
      }
      return fewest;
    };
    return (place) => {
      if (domainOf(place, rule) === null) return place.isNew;
      const then = numberAt(tally, place) + itself;
      return then <= rule.maxSkew || then - fewestNow() <= rule.maxSkew;
    };
  }
}

function labelsOf(pods: readonly ClusterPod[]): Map<string, Set<string>> {
  const labels = new Map<string, Set<string>>();
  for (const pod of pods) {
    for (const key in pod.labels) {
      const values = labels.get(key) ?? new Set();
      labels.set(key, values.add(pod.labels[key] as string));
    }
  }
  return labels;
}

/** Whether the pod may want any not near it of those that have one of these labels; null: of any. */
function mayConcern({ rules }: ClusterPod, labels: ReadonlyMap<string, ReadonlySet<string>> | null): boolean {
  if (rules === null || rules.apartFrom.length === 0) return false;
  return rules.apartFrom.some(({ pods }) => {
    const label = labelOf(pods);
    return labels === null || label === null || label.values.some((value) => labels.get(label.key)?.has(value));
  });
}

/** Null: the place is in none, or which one is not known before its machine is there. */
function domainOf(place: Place, { topologyKey }: NeighbourRule): string | null {
  return topologyKey === HOSTNAME_LABEL ? place.name : (place.topology[topologyKey] ?? null);
}

function numberAt({ rule, byDomain }: Tally, place: Place): number {
  const domain = domainOf(place, rule);
  return domain === null ? 0 : (byDomain.get(domain) ?? 0);
}

function isBeside(tally: Tally, sample: ClusterPod, place: Place): boolean {
  if (domainOf(place, tally.rule) === null) return place.isNew;
  return numberAt(tally, place) > 0 || (tally.total === 0 && selectsPod(tally.rule.pods, sample));
}

function count(tally: Tally, place: Place, by: number): void {
  const domain = domainOf(place, tally.rule);
  tally.total += by;
  tally.changes++;
  if (domain !== null) tally.byDomain.set(domain, (tally.byDomain.get(domain) ?? 0) + by);
}

/** The same text for rules that say the same. Written out, as there may be as many as there are pods. */
function keyOf({ topologyKey, pods }: NeighbourRule): string {
  let key = `${topologyKey}|${pods.namespaces?.join() ?? '*'}`;
  for (const { key: label, operator, values } of pods.requirements) key += `|${label} ${operator} ${values.join()}`;
  return key;
}
