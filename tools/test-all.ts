import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installMissing } from './install-debian.ts';

/** `npm test`: every check and every suite, and at the end how many passed and failed. */

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const CHECKS: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ['format, lint and layers', 'biome', 'check', '--error-on-warnings', '.'],
  ['types', 'tsc', '--noEmit'],
  ['types of the page', 'tsc', '--noEmit', '-p', 'dashboard'],
  ['dead code', 'knip'],
];

const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
const missing = installMissing();
for (const program of missing) fail(`program ${program} is missing: its suites cannot run`);
for (const [name, command, ...args] of CHECKS) {
  const status = await run(command, args);
  if (status === 0) pass(name);
  else fail(name);
}
await runVitest();
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed${skipped}\n`);
process.exitCode = counts.failed > 0 ? 1 : 0;

async function runVitest(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'forescale-test-'));
  const file = join(folder, 'result.json');
  const status = await run('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`]);
  try {
    const result = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
    counts.passed += result.numPassedTests ?? 0;
    counts.failed += result.numFailedTests ?? 0;
    counts.skipped += (result.numPendingTests ?? 0) + (result.numTodoTests ?? 0);
    // A suite that cannot even load has no failed test, and must not pass for that.
    if (status !== 0 && (result.numFailedTests ?? 0) === 0) fail('vitest: a suite could not be run');
  } catch {
    fail('vitest: no result');
  }
  rmSync(folder, { recursive: true, force: true });
}

function run(command: string, args: readonly string[]): Promise<number> {
  process.stdout.write(`\n> ${command} ${args.join(' ')}\n`);
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', () => resolve(1));
    child.on('close', (code) => resolve(code ?? 1));
  });
}

function pass(name: string): void {
  counts.passed++;
  process.stdout.write(`ok: ${name}\n`);
}

function fail(name: string): void {
  counts.failed++;
  process.stdout.write(`FAILED: ${name}\n`);
}
