import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** A program or a folder, and Debian's packages that have it. */
interface Program {
  readonly program: string;
  readonly packages: readonly string[];
}

/** What the suites need beside npm. */
const NEEDED: readonly Program[] = [
  { program: 'nats-server', packages: ['nats-server'] },
  { program: 'influxd', packages: ['influxdb'] },
  { program: 'openssl', packages: ['openssl'] },
  { program: 'prometheus', packages: ['prometheus'] },
  { program: 'chromium', packages: ['chromium', 'fonts-dejavu-core'] },
  // What AWS publishes of its services, which its end point holds requests to.
  { program: '/usr/lib/python3/dist-packages/botocore/data', packages: ['python3-botocore'] },
];

/** The suite says on the screen that it is skipped, where there is no such engine or none can be started. */
const OF_USE: readonly Program[] = [
  { program: 'dockerd', packages: ['docker.io'] },
  { program: 'busybox', packages: ['busybox-static'] },
  { program: 'docker-compose', packages: ['docker-compose'] },
];

/** Installs the missing programs where this user may; returns those that are needed and missing still. */
export function installMissing(): string[] {
  install(NEEDED);
  install(OF_USE);
  return missingOf(NEEDED).map(({ program }) => program);
}

function install(programs: readonly Program[]): void {
  const packages = missingOf(programs).flatMap((one) => one.packages);
  if (packages.length === 0) return;
  if (process.getuid?.() !== 0) {
    process.stderr.write(`missing: apt-get install --no-install-recommends ${packages.join(' ')} (as root)\n`);
    return;
  }
  process.stdout.write(`installing ${packages.join(', ')}\n`);
  run('apt-get', ['update', '-qq']);
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages]);
}

function missingOf(programs: readonly Program[]): readonly Program[] {
  return programs.filter(({ program }) => !isInstalled(program));
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
