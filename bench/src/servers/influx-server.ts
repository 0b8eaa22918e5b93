import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startServer, type TestServer } from './server-process.ts';

interface InfluxServerOptions {
  /** With an account the server asks everybody for one, and this one may do everything. */
  readonly user?: string;
  readonly password?: string;
  /** The server cuts answers at so many rows. */
  readonly rowsMax?: number;
}

/** An `influxd` (1.x) with its data on disk. */
export async function startInflux(options: InfluxServerOptions = {}): Promise<TestServer> {
  const server = await startServer({
    binary: 'influxd',
    debianPackage: 'influxdb',
    url: (port) => `http://127.0.0.1:${port}`,
    async configure(directory, port) {
      const path = join(directory, 'influxdb.conf');
      await writeFile(path, influxConfig(directory, port, options));
      return ['-config', path];
    },
    isReady: answersPing,
  });
  if (options.user === undefined) return server;
  // The first account of a server that has none may be made without one.
  const name = options.user.replaceAll('"', '\\"');
  const password = (options.password ?? '').replaceAll("'", "\\'");
  const body = new URLSearchParams({ q: `CREATE USER "${name}" WITH PASSWORD '${password}' WITH ALL PRIVILEGES` });
  const response = await fetch(`${server.url}/query`, { method: 'POST', body });
  const text = await response.text();
  if (!response.ok || text.includes('"error"')) {
    await server.stop();
    throw new Error(`influxd does not make the account: ${text}`);
  }
  return server;
}

function influxConfig(directory: string, port: number, { user, rowsMax = 0 }: InfluxServerOptions): string {
  const folder = (name: string) => JSON.stringify(join(directory, name));
  return `
reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = ${folder('meta')}
[data]
  dir = ${folder('data')}
  wal-dir = ${folder('wal')}
  index-version = "tsi1"
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:${port}"
  auth-enabled = ${user !== undefined}
  max-row-limit = ${rowsMax}
  log-enabled = false
[monitor]
  store-enabled = false
[logging]
  level = "warn"
`;
}

async function answersPing(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/ping`, { signal: AbortSignal.timeout(1_000) });
    return response.status === 204;
  } catch {
    return false;
  }
}
