import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLoadedCluster, runInRealTime } from '../../test/harness/loaded-cluster.ts';
import { fourWeeks } from '../../test/prometheus/four-weeks.ts';
import { startPrometheusServer } from '../../test/servers/index.ts';

const MINUTE_MS = 60_000;

/** What a newcomer has: a Prometheus with four weeks in it, and a cluster with a kubeconfig, here a simulated one. Resolves to their environment. */
export async function startSurroundings(
  directory: string,
  closing: (() => Promise<unknown>)[],
): Promise<Readonly<Record<string, string>>> {
  const nowMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  const prometheus = await startPrometheusServer({ history: fourWeeks(nowMs) });
  closing.push(() => prometheus.stop());
  const cluster = createLoadedCluster({
    ...{ startMs: nowMs, endMs: nowMs + 60 * MINUTE_MS, initialNodes: 2, load: () => 150 },
  });
  const { url, stop } = await runInRealTime(cluster);
  closing.push(stop);
  const kubeconfig = join(directory, 'kubeconfig');
  await writeFile(kubeconfig, kubeconfigOf(url));
  return { PROMETHEUS_URL: prometheus.url, KUBECONFIG: kubeconfig };
}

/** Without TLS, which the client wants to be told of. */
function kubeconfigOf(server: string): string {
  return `apiVersion: v1
kind: Config
clusters: [{ name: sim, cluster: { server: "${server}", insecure-skip-tls-verify: true } }]
users: [{ name: user, user: {} }]
contexts: [{ name: sim, context: { cluster: sim, user: user } }]
current-context: sim
`;
}
