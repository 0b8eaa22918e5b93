import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installMissing } from './install-debian.ts';
import { countVitest, type VitestResult } from './vitest-counts.ts';

/** `npm test`: every check and every suite, and at the end how many passed and failed. A check counts as one test. */

const CHECKS: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ['format, lint and layers', 'biome', 'check', '--error-on-warnings', '.'],
  ['types', 'tsc', '--noEmit'],
  ['types of the page', 'tsc', '--noEmit', '-p', 'dashboard'],
  ['dead code', 'knip'],
];

let passed = 0;
let skipped = 0;
const failures: string[] = [];

for (const program of installMissing())
  failures.push(`${program} is not installed: the suites that need it cannot run`);
for (const [name, command, ...args] of CHECKS) await check(name, command, args);
await runSuites();
for (const failure of failures) say(`FAILED: ${failure}`);
say(`\n${passed} passed, ${failures.length} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failures.length > 0 ? 1 : 0;

async function check(name: string, command: string, args: readonly string[]): Promise<void> {
  const startMs = performance.now();
  const exitCode = await run(command, args);
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
  say(`${exitCode === 0 ? 'passed' : 'FAILED'}: ${name} (${seconds} s)`);
  if (exitCode === 0) passed++;
  else failures.push(name);
}

async function runSuites(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'forescale-test-'));
  const file = join(folder, 'result.json');
  const exitCode = await run('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`]);
  try {
    const counts = countVitest(JSON.parse(readFileSync(file, 'utf8')) as VitestResult, exitCode, process.cwd());
    passed += counts.passed;
    skipped += counts.skipped;
    failures.push(...counts.failures);
  } catch {
    failures.push('vitest: left no result');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(command: string, args: readonly string[]): Promise<number> {
  say(`\n> ${command} ${args.join(' ')}`);
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', (error) => {
      say(error.message);
      resolve(1);
    });
    child.on('close', (code) => resolve(code ?? 1));
  });
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
