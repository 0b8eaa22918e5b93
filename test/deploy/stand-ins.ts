import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Engine } from './engine.ts';

const run = promisify(execFile);

/**
 * No image can be had without a registry, so images of the same names are made here, each out of the real program as
 * Debian and npm have it, on a file system of busybox, and with what docker-compose.yml relies on of the official one:
 * entry point, variables, folders and the tools that health checks call. What they are not: Debian's InfluxDB is 1.6 and
 * its NATS 2.9, and there is no Grafana to be had, whose stand-in answers its health check and nothing else.
 */

const SHELL_TOOLS = ['/bin/busybox', '/bin/bash'];

/** As the official image's scripts do: the accounts are made while the server listens on loopback, if there are none. */
const INFLUX_ENTRYPOINT = `#!/bin/bash
set -e
if [ ! -d /var/lib/influxdb/meta ]; then
  INFLUXDB_HTTP_BIND_ADDRESS=127.0.0.1:8086 influxd -config /etc/influxdb/influxdb.conf & pid=$!
  ask() { wget -q -O - --post-data "q=$1" "http://127.0.0.1:8086/query?u=$INFLUXDB_ADMIN_USER&p=$INFLUXDB_ADMIN_PASSWORD"; }
  until wget -q -O /dev/null http://127.0.0.1:8086/ping; do sleep 0.2; done
  ask "CREATE USER \\"$INFLUXDB_ADMIN_USER\\" WITH PASSWORD '$INFLUXDB_ADMIN_PASSWORD' WITH ALL PRIVILEGES"
  ask "CREATE DATABASE $INFLUXDB_DB"
  ask "CREATE USER \\"$INFLUXDB_USER\\" WITH PASSWORD '$INFLUXDB_USER_PASSWORD'"
  ask "GRANT ALL ON \\"$INFLUXDB_DB\\" TO \\"$INFLUXDB_USER\\""
  ask "CREATE USER \\"$INFLUXDB_READ_USER\\" WITH PASSWORD '$INFLUXDB_READ_USER_PASSWORD'"
  ask "GRANT READ ON \\"$INFLUXDB_DB\\" TO \\"$INFLUXDB_READ_USER\\""
  kill -TERM $pid && wait $pid
fi
exec influxd -config /etc/influxdb/influxdb.conf
`;
const INFLUX_CONFIG = `[meta]
dir = "/var/lib/influxdb/meta"
[data]
dir = "/var/lib/influxdb/data"
wal-dir = "/var/lib/influxdb/wal"
`;
/** The last argument is the URL. */
const CURL = '#!/bin/bash\nshift $(($# - 1))\nexec wget -q -O /dev/null "$1"\n';
const GRAFANA_ENTRYPOINT = `#!/bin/bash
test -s "$GF_SECURITY_ADMIN_PASSWORD__FILE" && test -r /etc/grafana/provisioning/datasources/forescale.yaml || exit 1
mkdir -p /tmp/www/api && echo '{"database":"ok"}' > /tmp/www/api/health
exec busybox httpd -f -p 3000 -h /tmp/www
`;

interface Image {
  /** Programs of this machine, and where they go; their libraries come along. */
  readonly programs: Readonly<Record<string, string>>;
  readonly folders?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly setup: readonly string[];
}

async function commandOutput(command: string, ...args: readonly string[]): Promise<string> {
  return (await run(command, args)).stdout.trim();
}

/** Every stand-in by its name; `registry` is where the build finds npm's packages. */
async function images(nodePath: string, registry: string): Promise<ReadonlyMap<string, Image>> {
  const npm = join(await commandOutput('npm', 'root', '--global', '--prefix', await globalPrefix()), 'npm');
  return new Map<string, Image>([
    [
      'node:22-bookworm-slim',
      {
        programs: { [nodePath]: '/usr/local/bin/node' },
        folders: { [npm]: '/usr/local/lib/node_modules/npm' },
        files: { '/usr/local/etc/npmrc': `registry=${registry}\n` },
        setup: ['RUN ln -s /usr/local/lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm', 'CMD ["node"]'],
      },
    ],
    [
      'influxdb:1.8.10',
      {
        programs: { [await which('influxd')]: '/usr/bin/influxd' },
        files: {
          '/entrypoint.sh': INFLUX_ENTRYPOINT,
          '/etc/influxdb/influxdb.conf': INFLUX_CONFIG,
          '/usr/bin/curl': CURL,
        },
        setup: ['VOLUME /var/lib/influxdb', 'ENTRYPOINT ["/entrypoint.sh"]', 'CMD ["influxd"]'],
      },
    ],
    [
      'nats:2.11.9-alpine',
      {
        programs: { [await which('nats-server')]: '/usr/local/bin/nats-server' },
        files: { '/usr/local/bin/docker-entrypoint.sh': '#!/bin/sh\nexec "$@"\n' },
        setup: ['ENTRYPOINT ["docker-entrypoint.sh"]', 'CMD ["nats-server"]'],
      },
    ],
    [
      'grafana/grafana:11.6.1',
      {
        programs: {},
        files: { '/run.sh': GRAFANA_ENTRYPOINT },
        setup: [
          'RUN mkdir -p /var/lib/grafana && chown 472:0 /var/lib/grafana',
          'ENTRYPOINT ["/run.sh"]',
          'STOPSIGNAL SIGKILL',
        ],
      },
    ],
  ]);
}

/** Beside the Node that this process runs on may be no npm. */
async function globalPrefix(): Promise<string> {
  return dirname(dirname(await which('npm')));
}

async function which(program: string): Promise<string> {
  const path = (process.env.PATH ?? '')
    .split(':')
    .filter((folder) => !folder.includes('node_modules'))
    .join(':');
  return (await run('which', [program], { env: { PATH: `${path}:/usr/sbin:/usr/bin` } })).stdout.trim();
}

/** Makes them in the engine. */
export async function makeStandIns(engine: Engine, registry: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'forescale-images-'));
  try {
    for (const [name, image] of await images(process.execPath, registry)) {
      const context = join(folder, name.replaceAll(/\W/g, '-'));
      await layOut(join(context, 'root'), image);
      const lines = ['FROM scratch', 'COPY root /', 'ENV PATH=/usr/local/bin:/usr/bin:/bin', ...image.setup];
      await writeFile(join(context, 'Dockerfile'), `${lines.join('\n')}\n`);
      await engine.docker('build', '--quiet', '--tag', name, context);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function layOut(root: string, { programs, folders = {}, files = {} }: Image): Promise<void> {
  for (const below of ['bin', 'usr/bin', 'usr/local/bin', 'etc', 'var/lib', 'run', 'proc', 'sys', 'dev'])
    await mkdir(join(root, below), { recursive: true });
  await mkdir(join(root, 'tmp'));
  await chmod(join(root, 'tmp'), 0o1777);
  const copy = (from: string, to: string) => cp(from, join(root, to), { recursive: true, dereference: true });
  for (const tool of SHELL_TOOLS) await copy(tool, tool);
  for (const applet of (await commandOutput('/bin/busybox', '--list')).split('\n')) {
    if (!['busybox', 'bash'].includes(applet)) await symlink('/bin/busybox', join(root, 'bin', applet));
  }
  // /usr/bin/env is the one path that scripts name.
  await symlink('/bin/busybox', join(root, 'usr/bin/env'));
  for (const [from, to] of [...Object.entries(programs), ...Object.entries(folders)]) await copy(from, to);
  for (const library of await librariesOf([...SHELL_TOOLS, ...Object.keys(programs)])) await copy(library, library);
  for (const [path, text] of Object.entries({
    '/etc/passwd': 'root:x:0:0::/:/bin/sh\n',
    '/etc/group': 'root:x:0:\n',
    ...files,
  })) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text, { mode: 0o755 });
  }
}

async function librariesOf(programs: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const program of programs) {
    // A static program has none, which `ldd` calls an error.
    const { stdout } = await run('ldd', [program]).catch(() => ({ stdout: '' }));
    for (const [path] of stdout.matchAll(/\/\S+(?= \(0x)/g)) found.add(path);
  }
  return found;
}
