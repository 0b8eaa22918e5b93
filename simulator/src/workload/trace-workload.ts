import { type Resources, type Series, upperBound } from '@forescale/shared/domain';
import type { JsonObject } from '../cluster/objects/json.ts';
import {
  isTerminating,
  isTrue,
  type Labels,
  type PodObject,
  type ReplicatedObject,
  type TolerationSpec,
} from '../cluster/objects/objects.ts';
import { quantitiesOf } from '../cluster/objects/pod-requests.ts';
import type { Registry } from '../cluster/store/registry.ts';
import type { Timeline } from '../timeline/index.ts';

export interface TraceWorkloadOptions {
  /** The load, in any unit. A sample holds until the next one. */
  readonly series: Series;
  /** What one pod serves, in the unit of the load. */
  readonly valuePerPod: number;
  /** 1 when absent. */
  readonly replicasMin?: number;
  /** 10,000 when absent. */
  readonly replicasMax?: number;
  readonly requests: Pick<Resources, 'cpuMillicores' | 'memoryBytes'>;
  /** `default` when absent; created where it does not exist. */
  readonly namespace?: string;
  /** `workload` when absent; also the value of the pods' label `app`. */
  readonly name?: string;
  readonly nodeSelector?: Labels;
  readonly tolerations?: readonly TolerationSpec[];
  readonly terminationGraceSeconds?: number;
  /** A PodDisruptionBudget's `maxUnavailable`; none is made when absent. */
  readonly maxUnavailable?: number | string;
}

export interface WorkloadSummary {
  readonly demand: number;
  readonly served: number;
  readonly unmet: number;
  /** Demand that was not served over all demand, both added up over time. */
  readonly unmetDemandShare: number;
  /** Share of the time in which some demand was not served. */
  readonly shortageTimeShare: number;
  readonly replicas: number;
}

interface Totals {
  readonly demandMs: number;
  readonly unmetMs: number;
  readonly shortageMs: number;
  readonly elapsedMs: number;
}

interface Stretch {
  readonly demand: number;
  readonly unmet: number;
  ms: number;
}

function withStretch(totals: Totals, { demand, unmet, ms }: Stretch): Totals {
  return {
    demandMs: totals.demandMs + demand * ms,
    unmetMs: totals.unmetMs + unmet * ms,
    shortageMs: totals.shortageMs + (unmet > 0 ? ms : 0),
    elapsedMs: totals.elapsedMs + ms,
  };
}

/**
 * A Deployment whose replicas follow a load: ceil(value / valuePerPod), within bounds, as soon as a sample comes. What
 * running pods cannot serve of it is unmet; it is lost, not queued.
 */
export class TraceWorkload {
  readonly #options: TraceWorkloadOptions;
  readonly #namespace: string;
  readonly #name: string;
  readonly #registry: Registry;
  readonly #timeline: Timeline;
  readonly #answers: (nodeName: string) => boolean;
  #totals: Totals = { demandMs: 0, unmetMs: 0, shortageMs: 0, elapsedMs: 0 };
  /** Booked as a whole once something changes, so that the sums do not depend on how time was cut into steps. */
  #stretch: Stretch = { demand: 0, unmet: 0, ms: 0 };
  #next: number;

  /** `answers`: whether the machine of a node is there, whatever the API still says of it. */
  constructor(
    options: TraceWorkloadOptions,
    registry: Registry,
    timeline: Timeline,
    answers: (nodeName: string) => boolean,
  ) {
    if (!(options.valuePerPod > 0)) throw new RangeError(`valuePerPod: ${options.valuePerPod}; allowed: above 0`);
    this.#options = options;
    this.#namespace = options.namespace ?? 'default';
    this.#name = options.name ?? 'workload';
    this.#registry = registry;
    this.#timeline = timeline;
    this.#answers = answers;
    this.#next = upperBound(options.series.timesMs, timeline.nowMs());
    this.#createObjects();
    this.#awaitNextSample();
  }

  /** The load of this moment; 0 before the first sample. */
  demand(): number {
    return this.#options.series.values[this.#next - 1] ?? 0;
  }

  /** What the pods that really run could serve; it may be more than is asked for. */
  capacity(): number {
    return this.#servingPods() * this.#options.valuePerPod;
  }

  unmet(): number {
    return Math.max(0, this.demand() - this.capacity());
  }

  /** The Deployment's replicas that this moment's load asks for. */
  replicas(): number {
    const { valuePerPod, replicasMin = 1, replicasMax = 10_000 } = this.#options;
    return Math.min(Math.max(Math.ceil(this.demand() / valuePerPod), replicasMin), replicasMax);
  }

  /** Share of its requests that each pod uses: the load spreads evenly over the pods that run. */
  usageShare(): number {
    const capacity = this.capacity();
    return capacity > 0 ? Math.min(1, this.demand() / capacity) : 0;
  }

  owns(pod: PodObject): boolean {
    return pod.metadata.namespace === this.#namespace && pod.metadata.labels?.app === this.#name;
  }

  /** Books a stretch of time in which nothing changed. */
  elapse(fromMs: number, toMs: number): void {
    const demand = this.demand();
    const unmet = this.unmet();
    if (demand !== this.#stretch.demand || unmet !== this.#stretch.unmet) {
      this.#totals = withStretch(this.#totals, this.#stretch);
      this.#stretch = { demand, unmet, ms: 0 };
    }
    this.#stretch.ms += toMs - fromMs;
  }

  summary(): WorkloadSummary {
    const { demandMs, unmetMs, shortageMs, elapsedMs } = withStretch(this.#totals, this.#stretch);
    const unmet = this.unmet();
    return {
      demand: this.demand(),
      served: this.demand() - unmet,
      unmet,
      unmetDemandShare: demandMs > 0 ? unmetMs / demandMs : 0,
      shortageTimeShare: elapsedMs > 0 ? shortageMs / elapsedMs : 0,
      replicas: this.replicas(),
    };
  }

  #servingPods(): number {
    let serving = 0;
    for (const { object } of this.#registry.store.collection('pods').entries(this.#namespace)) {
      const pod = object as unknown as PodObject;
      const { nodeName } = pod.spec;
      if (nodeName === undefined || !this.owns(pod) || isTerminating(pod)) continue;
      if (isTrue(pod.status.conditions, 'Ready') && this.#answers(nodeName)) serving++;
    }
    return serving;
  }

  #awaitNextSample(): void {
    const atMs = this.#options.series.timesMs[this.#next];
    if (atMs === undefined) return;
    this.#timeline.at(atMs, () => {
      this.#next = upperBound(this.#options.series.timesMs, this.#timeline.nowMs());
      this.#scale();
      this.#awaitNextSample();
    });
  }

  /** A Deployment that somebody deleted stays deleted. */
  #scale(): void {
    const deployment = this.#registry.store.get('deployments', this.#namespace, this.#name);
    const replicas = this.replicas();
    if (deployment === undefined || deployment.spec.replicas === replicas) return;
    const next: ReplicatedObject = { ...deployment, spec: { ...deployment.spec, replicas } };
    this.#registry.update('deployments', next);
  }

  #createObjects(): void {
    const metadata = { name: this.#name, namespace: this.#namespace };
    const selector = { matchLabels: { app: this.#name } };
    if (this.#registry.store.get('namespaces', '', this.#namespace) === undefined) {
      this.#registry.create('namespaces', { metadata: { name: this.#namespace } });
    }
    const template = { metadata: { labels: selector.matchLabels }, spec: this.#podSpec() };
    this.#registry.create('deployments', { metadata, spec: { replicas: this.replicas(), selector, template } });
    const { maxUnavailable } = this.#options;
    if (maxUnavailable === undefined) return;
    this.#registry.create('poddisruptionbudgets', { metadata, spec: { selector, maxUnavailable } });
  }

  #podSpec(): JsonObject {
    const { requests, nodeSelector, tolerations, terminationGraceSeconds = 10 } = this.#options;
    return {
      containers: [
        {
          name: this.#name,
          image: 'registry.invalid/workload:1',
          resources: { requests: quantitiesOf({ ...requests, pods: 0, gpus: 0 }) },
        },
      ],
      terminationGracePeriodSeconds: terminationGraceSeconds,
      ...(nodeSelector && { nodeSelector }),
      ...(tolerations && { tolerations }),
    };
  }
}
