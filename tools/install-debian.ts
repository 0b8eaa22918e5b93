import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What the suites need beside npm: a program, and Debian's packages for it. */
const NEEDED = [
  { program: 'nats-server', packages: ['nats-server'] },
  { program: 'influxd', packages: ['influxdb'] },
  { program: 'chromium', packages: ['chromium', 'fonts-dejavu-core'] },
] as const;

/** While this file says 101, Debian's packages start no service of theirs; the tests start their own. */
const POLICY_FILE = '/usr/sbin/policy-rc.d';

/** Installs the missing programs where this user may; returns those that are missing still. */
export function installMissing(): string[] {
  const missing = NEEDED.filter(({ program }) => !isInstalled(program));
  if (missing.length === 0) return [];
  const packages = missing.flatMap((one) => one.packages);
  if (process.getuid?.() === 0) install(packages);
  else process.stderr.write(`missing: apt-get install --no-install-recommends ${packages.join(' ')} (as root)\n`);
  return NEEDED.filter(({ program }) => !isInstalled(program)).map(({ program }) => program);
}

function install(packages: readonly string[]): void {
  process.stdout.write(`installing ${packages.join(', ')}\n`);
  const ownPolicy = !existsSync(POLICY_FILE);
  if (ownPolicy) writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    run('apt-get', ['update', '-qq']);
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages]);
  } finally {
    if (ownPolicy) rmSync(POLICY_FILE, { force: true });
  }
}

function isInstalled(program: string): boolean {
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
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'], env });
  if (status !== 0) process.stderr.write(`${command} ${args.join(' ')}: ${error?.message ?? `exit code ${status}`}\n`);
}
