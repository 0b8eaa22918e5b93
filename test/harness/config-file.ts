import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ConfigOptions {
  readonly directory: string;
  /** Of the simulated cluster, which is also the cloud. */
  readonly clusterUrl: string;
  readonly clock: 'bus' | 'system';
  readonly tick?: string;
  readonly mode?: 'observe' | 'enforce';
  readonly servers?: { readonly nats: string; readonly influx: string };
  /** Of the signal `load`. */
  readonly interval?: string;
  /** Any free one when absent. */
  readonly port?: number;
  /** Of the bearer token; without it nothing can be changed over HTTP. */
  readonly tokenFile?: string;
  /** In flow style; one machine at 0.1 USD when absent. */
  readonly offerings?: readonly string[];
  /** Lines of the pool `web`, in flow style. */
  readonly pool?: readonly string[];
}

/** What one node carries of the signal `load`. */
export const CAPACITY_PER_NODE = 100;

/** A directory of the test's own, removed at its end. */
export async function temporaryDirectory(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'forescale-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Writes a configuration with the one pool `web`; resolves to its path. */
export async function writeConfig(options: ConfigOptions): Promise<string> {
  const { directory, clusterUrl, clock, servers } = options;
  const { tick = '60s', mode = 'enforce', interval = '60s', port = 0, tokenFile, pool = [] } = options;
  const { offerings = ['{ instance_type: small, zone: a, usd_per_hour: 0.1 }'] } = options;
  const sqlite = `{ kind: sqlite, path: "${join(directory, 'store.db')}" }`;
  const text = `autoscaler:
  data_dir: "${directory}"
  clock: { source: ${clock}, tick: ${tick} }
  store: ${servers ? `{ kind: influxdb, url: "${servers.influx}" }` : sqlite}
  bus: ${servers ? `{ kind: nats, url: "${servers.nats}" }` : '{ kind: in-process }'}
  kubernetes: { url: "${clusterUrl}" }
  http: { port: ${port}${tokenFile === undefined ? '' : `, token_file: "${tokenFile}"`} }
  pools:
    - name: web
      mode: ${mode}
      provider: { kind: simulated, url: "${clusterUrl}" }
      capacity_per_node: ${CAPACITY_PER_NODE}
      bounds: { min_nodes: 2, max_nodes: 40 }
      template: { labels: { role: web }, allocatable: { cpu: "4", memory: 8Gi, pods: 58 } }
      offerings:
${offerings.map((one) => `        - ${one}\n`).join('')}      signals:
        - { name: load, interval: ${interval} }
${pool.map((line) => `      ${line}\n`).join('')}`;
  const path = join(directory, `${mode}-${port}.yaml`);
  await writeFile(path, text);
  return path;
}

/** Writes a configuration of a collector without cluster and bus, into `directory`; resolves to its path. */
export async function writeAloneConfig(directory: string, lines: string): Promise<string> {
  const path = join(directory, 'forescale.yaml');
  await writeFile(
    path,
    `autoscaler:
  data_dir: "${directory}"
  store: { kind: sqlite, path: "${join(directory, 'store.db')}" }
  kubernetes: { enabled: false }
${lines}`,
  );
  return path;
}
