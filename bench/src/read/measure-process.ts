import { once } from 'node:events';
import { connectKubernetes, createClusterReader, createWatchingReader } from '@forescale/shared/kubernetes';
import { silentLog } from '@forescale/shared/telemetry';
import { seededRandom, systemClock } from '@forescale/shared/time';

export interface ReadTask {
  readonly mode: 'list' | 'watch';
  readonly url: string;
  readonly ticks: number;
}

export interface ReadTimes {
  readonly firstMs: number;
  readonly wallMs: readonly number[];
  /** Of all threads, and of everything since the tick before: what events cost is in it. */
  readonly cpuMs: readonly number[];
  /** After the last tick, garbage included. */
  readonly rssMb: number;
}

// In a process of its own, so that memory and time are those of one reader.
process.once('message', async (task: ReadTask) => {
  process.send?.(await measure(task));
  process.disconnect();
});

async function measure({ mode, url, ticks }: ReadTask): Promise<ReadTimes> {
  const kube = connectKubernetes({ kubeconfig: null, context: null, url });
  const watching = createWatchingReader(kube, { clock: systemClock, random: seededRandom(1), log: silentLog() });
  const reader = mode === 'watch' ? watching : createClusterReader(kube);
  const startedMs = performance.now();
  await reader.read(0);
  const firstMs = performance.now() - startedMs;
  const wallMs: number[] = [];
  const cpuMs: number[] = [];
  for (let tick = 0; tick < ticks; tick++) {
    const cpuBefore = process.cpuUsage();
    process.send?.('minute');
    await once(process, 'message');
    const tickMs = performance.now();
    await reader.read(0);
    wallMs.push(performance.now() - tickMs);
    const { user, system } = process.cpuUsage(cpuBefore);
    cpuMs.push((user + system) / 1_000);
  }
  watching.close();
  return { firstMs, wallMs, cpuMs, rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20) };
}
