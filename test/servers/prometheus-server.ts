import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startServer, type TestServer } from '@forescale/bench/servers';

export interface PrometheusServerOptions {
  /** The scrape configuration, as YAML; it scrapes nothing when absent. */
  readonly config?: string;
  /** In OpenMetrics, with a time on every sample: what it has stored before it starts. */
  readonly history?: string;
}

/** A real Prometheus, with its own data. */
export function startPrometheusServer(options: PrometheusServerOptions = {}): Promise<TestServer> {
  return startServer({
    binary: 'prometheus',
    debianPackage: 'prometheus',
    url: (port) => `http://127.0.0.1:${port}`,
    async configure(directory, port) {
      const data = join(directory, 'data');
      const config = join(directory, 'prometheus.yml');
      await writeFile(config, options.config ?? '{}');
      if (options.history !== undefined) await makeBlocks(options.history, directory, data);
      return [
        `--config.file=${config}`,
        `--storage.tsdb.path=${data}`,
        // What was recorded of a simulation may be of any year.
        '--storage.tsdb.retention.time=100y',
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=warn',
      ];
    },
    isReady: async (port) => {
      const response = await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => null);
      return response?.ok ?? false;
    },
  });
}

async function makeBlocks(history: string, directory: string, data: string): Promise<void> {
  const file = join(directory, 'history.om');
  await writeFile(file, history);
  const args = ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', file, data];
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`promtool: ${stdout}${stderr}`);
}
