import type { PulledSource } from '@forescale/collector/sources';
import type { Log } from '@forescale/shared/telemetry';
import { readTrace } from '@forescale/shared/trace';
import type { Runtime } from './runtime.ts';

/** What the collector asks for samples: the cluster, where there is one, and the sources of the configuration. */
export async function openSources({ config, cluster, clock, store }: Runtime, log: Log): Promise<PulledSource[]> {
  const { ClusterSource, TraceSource } = await import('@forescale/collector/sources');
  const { pools, sources } = config;
  const opened: PulledSource[] = [];
  if (cluster !== null) opened.push(new ClusterSource({ cluster: cluster.reader, pools, store, log }));
  for (const { pool, signal, file } of sources.traces)
    opened.push(new TraceSource(pool, signal, await readTrace(file), clock.nowMs()));
  return opened;
}
