import type { PoolConfig } from '@forescale/shared/config';
import type { ClusterState } from '@forescale/shared/domain';
import type { ClusterReader, Usage } from '@forescale/shared/kubernetes';
import type { Point, Store } from '@forescale/shared/store';
import type { Log } from '@forescale/shared/telemetry';
import { clusterSamples } from './cluster-samples.ts';
import type { PulledSource, Reading } from './source.ts';
import { workloadPoints } from './workload-points.ts';

const WORKLOADS_EVERY_MS = 300_000;
const POINTS_MAX = 5_000;

export interface ClusterSourceParts {
  readonly cluster: ClusterReader;
  readonly pools: readonly PoolConfig[];
  /** For what workloads use, which is looked back at and never forecast. */
  readonly store: Store;
  readonly log: Log;
}

/** What the Kubernetes API and metrics.k8s.io say of the pools. */
export class ClusterSource implements PulledSource {
  readonly name = 'kubernetes';
  readonly intervalMs = 0;
  readonly timeoutMs = null;
  readonly #parts: ClusterSourceParts;
  #usageMissing = false;
  #workloadsMs = Number.NEGATIVE_INFINITY;

  constructor(parts: ClusterSourceParts) {
    this.#parts = parts;
  }

  async read(nowMs: number): Promise<Reading> {
    const { cluster, pools } = this.#parts;
    // What is requested matters more than what is used, and must not be lost with it.
    const [state, usage] = await Promise.all([cluster.read(nowMs), this.#usage()]);
    await this.#keepWorkloads(state, usage !== null);
    return { measurements: pools.flatMap((pool) => clusterSamples(state, usage, pool)), refusals: [] };
  }

  /** Null where it is not measured, or cannot be had now. */
  async #usage(): Promise<ReadonlyMap<string, Usage> | null> {
    const { cluster, log } = this.#parts;
    let reason = 'not served';
    const usage = await cluster.usage().catch((error: unknown) => {
      reason = error instanceof Error ? error.message : String(error);
      return null;
    });
    if ((usage === null) === this.#usageMissing) return usage;
    this.#usageMissing = usage === null;
    if (usage === null) log.warn(`metrics.k8s.io: ${reason}: real use is not collected`);
    else log.info('metrics.k8s.io: real use is collected again');
    return usage;
  }

  /** For looking back over days a few points an hour do, and a lost one is no loss. */
  async #keepWorkloads(state: ClusterState, isUsageServed: boolean): Promise<void> {
    const { cluster, pools } = this.#parts;
    if (state.atMs - this.#workloadsMs < WORKLOADS_EVERY_MS) return;
    this.#workloadsMs = state.atMs;
    const usage = isUsageServed ? await cluster.podUsage().catch(() => null) : null;
    const points = pools.flatMap((pool) => workloadPoints(state, usage ?? new Map(), pool));
    for (let from = 0; from < points.length; from += POINTS_MAX)
      await this.#write(points.slice(from, from + POINTS_MAX));
  }

  async #write(points: readonly Point[]): Promise<void> {
    await this.#parts.store.write(points).catch((error: unknown) => {
      this.#parts.log.debug({ err: error }, 'use of workloads not written');
    });
  }
}
