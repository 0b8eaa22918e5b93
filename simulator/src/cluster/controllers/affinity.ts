import {
  HOSTNAME_LABEL,
  meets,
  type NeighbourRule,
  type PodRules,
  podRules,
  podRulesSchema,
  selectsPod,
} from '@forescale/shared/domain';
import { isFinished, type Labels, type NodeObject, type PodObject, type PodSpec } from '../objects/objects.ts';
import type { ClusterIndex } from './cluster-index.ts';

const NO_LABELS: Labels = {};
const RULES = new WeakMap<PodSpec, PodRules | null>();

function rulesOf(pod: PodObject): PodRules | null {
  if (pod.spec.affinity === undefined && pod.spec.topologySpreadConstraints === undefined) return null;
  const known = RULES.get(pod.spec);
  if (known !== undefined) return known;
  // What is none was refused when it was written.
  const rules = podRules(podRulesSchema.parse(pod.spec), ownerOf(pod));
  RULES.set(pod.spec, rules);
  return rules;
}

/** Whether the node's labels are what the pod selects and what its required node affinity asks for. */
export function isSelected(pod: PodObject, node: NodeObject): boolean {
  const labels = node.metadata.labels ?? NO_LABELS;
  if (Object.entries(pod.spec.nodeSelector ?? {}).some(([key, value]) => labels[key] !== value)) return false;
  const terms = rulesOf(pod)?.nodeTerms ?? [];
  return terms.length === 0 || terms.some((term) => term.every((one) => meets(one, labels)));
}

/** Why a pod may not join those on a node, in the scheduler's own words; null when it may. */
export type NeighbourCheck = (node: NodeObject) => string | null;

const ANY: NeighbourCheck = () => null;

/** Pods and what they require of each other, over one run of the scheduler. */
export class Neighbourhood {
  readonly #nodes: readonly NodeObject[];
  readonly #index: ClusterIndex;
  readonly #guards: { readonly node: NodeObject; readonly rule: NeighbourRule }[] = [];

  constructor(nodes: readonly NodeObject[], index: ClusterIndex) {
    this.#nodes = nodes;
    this.#index = index;
    for (const node of nodes) for (const pod of this.#podsOn(node)) this.bind(pod, node);
  }

  bind(pod: PodObject, node: NodeObject): void {
    for (const rule of rulesOf(pod)?.apartFrom ?? []) this.#guards.push({ node, rule });
  }

  checkOf(pod: PodObject): NeighbourCheck {
    const rules = rulesOf(pod);
    if (rules === null && this.#guards.length === 0) return ANY;
    const itself = ownerOf(pod);
    const guards = this.#guards.filter(({ rule }) => selectsPod(rule.pods, itself));
    const apart = (rules?.apartFrom ?? []).map((rule) => ({ rule, counts: this.#countsOf(rule) }));
    const besides = (rules?.besides ?? []).map((rule) => ({ rule, counts: this.#countsOf(rule) }));
    const spread = (rules?.spread ?? []).map((rule) => {
      const counts = this.#countsOf(rule);
      const domains = this.#nodes.filter((node) => isSelected(pod, node)).map((node) => domainOf(node, rule));
      const fewest = Math.min(...domains.flatMap((one) => (one === null ? [] : [counts.get(one) ?? 0])));
      const most = fewest + rule.maxSkew - (selectsPod(rule.pods, itself) ? 1 : 0);
      return { rule, counts, most };
    });
    return (node) => {
      const at = ({ rule, counts }: { rule: NeighbourRule; counts: ReadonlyMap<string, number> }) =>
        counts.get(domainOf(node, rule) ?? '') ?? 0;
      const meetsGuard = ({ rule, node: guarded }: (typeof guards)[number]) => {
        const domain = domainOf(node, rule);
        return domain !== null && domain === domainOf(guarded, rule);
      };
      if (guards.some(meetsGuard)) return "node(s) didn't satisfy existing pods anti-affinity rules";
      if (apart.some((one) => at(one) > 0)) return "node(s) didn't match pod anti-affinity rules";
      const isAlone = (one: (typeof besides)[number]) =>
        domainOf(node, one.rule) === null ||
        (at(one) === 0 && !(one.counts.size === 0 && selectsPod(one.rule.pods, itself)));
      if (besides.some(isAlone)) return "node(s) didn't match pod affinity rules";
      const isUneven = (one: (typeof spread)[number]) => domainOf(node, one.rule) === null || at(one) > one.most;
      return spread.some(isUneven) ? "node(s) didn't match pod topology spread constraints" : null;
    };
  }

  /** How many pods that the rule selects are in each domain. */
  #countsOf(rule: NeighbourRule): Map<string, number> {
    const counts = new Map<string, number>();
    for (const node of this.#nodes) {
      const domain = domainOf(node, rule);
      if (domain === null) continue;
      for (const pod of this.#podsOn(node)) {
        if (selectsPod(rule.pods, ownerOf(pod))) counts.set(domain, (counts.get(domain) ?? 0) + 1);
      }
    }
    return counts;
  }

  #podsOn(node: NodeObject): PodObject[] {
    return [...this.#index.podsOn(node.metadata.name).values()].filter((pod) => !isFinished(pod));
  }
}

/** Whether where the pod may go depends on which others are there. */
export function dependsOnOthers(pod: PodObject): boolean {
  const rules = rulesOf(pod);
  return rules !== null && rules.apartFrom.length + rules.besides.length + rules.spread.length > 0;
}

function ownerOf({ metadata }: PodObject) {
  return { namespace: metadata.namespace ?? '', labels: metadata.labels ?? NO_LABELS };
}

function domainOf(node: NodeObject, { topologyKey }: NeighbourRule): string | null {
  const label = node.metadata.labels?.[topologyKey];
  return label ?? (topologyKey === HOSTNAME_LABEL ? node.metadata.name : null);
}
