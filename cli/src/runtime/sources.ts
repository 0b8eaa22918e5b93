import type { PrometheusSourceParts, PulledSource } from '@forescale/collector/sources';
import type { Store } from '@forescale/shared/store';
import type { Log } from '@forescale/shared/telemetry';
import { systemClock } from '@forescale/shared/time';
import { readTrace } from '@forescale/shared/trace';
import { openConfigured } from './prometheus.ts';
import type { Runtime } from './runtime.ts';

/** What the collector asks for samples, and how to let go of it. */
export interface OpenedSources {
  readonly sources: readonly PulledSource[];
  close(): Promise<void>;
}

/** The cluster, where there is one, and the sources of the configuration. */
export async function openSources({ config, cluster, clock, store }: Runtime, log: Log): Promise<OpenedSources> {
  const { ClusterSource, periodOf, PrometheusSource, TraceSource } = await import('@forescale/collector/sources');
  const { pools } = config;
  const sources: PulledSource[] = [];
  if (cluster !== null) sources.push(new ClusterSource({ cluster: cluster.reader, pools, store, log }));
  for (const { pool, signal, file } of config.sources.traces) {
    const trace = await readTrace(file);
    // A simulation has the time of its records; by the machine's clock what is recorded is over.
    const periodMs = config.clock.source === 'system' ? periodOf(trace) : null;
    sources.push(new TraceSource(pool, signal, trace, clock.nowMs(), periodMs));
  }
  const warn = (line: string) => log.warn(line);
  const clients = await Promise.all(config.sources.prometheus.map((one) => openConfigured(one, warn)));
  for (const [index, one] of config.sources.prometheus.entries()) {
    const client = clients[index] as (typeof clients)[number];
    sources.push(new PrometheusSource({ config: one, client, newestMs: newestIn(store), ioClock: systemClock, log }));
  }
  return {
    sources,
    async close() {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}

function newestIn(store: Store): PrometheusSourceParts['newestMs'] {
  return async (pool, signal, source, toMs) => {
    const tags = { pool, signal, source };
    const query = { measurement: 'kpi', tags, fields: ['value'], toMs, order: 'descending', limit: 1 } as const;
    const [row] = await store.query(query);
    return row?.timeMs ?? null;
  };
}
