import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** What the suites need beside npm: a program or a folder, and Debian's package that has it. */
const NEEDED = [
  { program: 'nats-server', packages: ['nats-server'] },
  { program: 'influxd', packages: ['influxdb'] },
  { program: 'chromium', packages: ['chromium', 'fonts-dejavu-core'] },
  // What AWS publishes of its services, which its end point holds requests to.
  { program: '/usr/lib/python3/dist-packages/botocore/data', packages: ['python3-botocore'] },
] as const;

/** Installs the missing programs where this user may; returns those that are missing still. */
export function installMissing(): string[] {
  const missing = NEEDED.filter(({ program }) => !isInstalled(program));
  if (missing.length === 0) return [];
  const packages = missing.flatMap((one) => one.packages);
  if (process.getuid?.() !== 0) {
    process.stderr.write(`missing: apt-get install --no-install-recommends ${packages.join(' ')} (as root)\n`);
    return missing.map(({ program }) => program);
  }
  process.stdout.write(`installing ${packages.join(', ')}\n`);
  run('apt-get', ['update', '-qq']);
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages]);
  return NEEDED.filter(({ program }) => !isInstalled(program)).map(({ program }) => program);
}

function isInstalled(program: string): boolean {
  if (isAbsolute(program)) return existsSync(program);
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function run(command: string, args: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'], env });
}
