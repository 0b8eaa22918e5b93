import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Who may import whom, and what a core must not touch: that the linter really says so. */

const ROOT = new URL('..', import.meta.url).pathname;
const BIOME = join(ROOT, 'node_modules/.bin/biome');

const REFUSED: readonly (readonly [folder: string, code: string])[] = [
  ['shared/src/store', "import '@forescale/actuator/plan';"],
  ['shared/src/store', "import '@forescale/shared/domain';"],
  ['services/predictor/src/model', "import '@forescale/actuator/plan';"],
  ['services/predictor/src/service', "import '@forescale/actuator/plan';"],
  ['services/predictor/src/service', "export { x } from '@forescale/simulator/replay';"],
  ['services/predictor/src/service', "export const x = await import('@forescale/cli/demo');"],
  ['services/predictor/src/service', "import '../../../../shared/src/domain/index.ts';"],
  ['services/predictor/src/service', "import '../../../../test/servers/index.ts';"],
  ['services/predictor/src/service', "export const x = await import('../../../actuator/src/plan/index.ts');"],
  ['simulator/src/replay', "import '@forescale/actuator/execute';"],
  ['simulator/src/replay', "import '@forescale/predictor/tensor';"],
  ['simulator/src/cluster', "import '@forescale/collector/service';"],
  ['dashboard/src/page', "import '@forescale/actuator/api';"],
  ['cli/src/commands', "import '../../../shared/src/domain/index.ts';"],
  ['bench/src/forecast', "import '../../../cli/src/output/index.ts';"],
  ['services/actuator/src/plan', 'export const now = Date.now();'],
  ['services/actuator/src/plan', 'export const now = new Date();'],
  ['services/actuator/src/plan', 'export const clock = { now: Date.now };'],
  ['services/actuator/src/plan', "import { systemClock } from '@forescale/shared/time';\nsystemClock.nowMs();"],
  ['services/actuator/src/plan', 'setTimeout(() => {}, 1);'],
  ['services/actuator/src/plan', "import '@forescale/shared/store';"],
  ['services/actuator/src/prices', 'export const now = Date.now();'],
  ['services/predictor/src/model', 'export const x = Math.random();'],
  ['services/predictor/src/backtest', "import 'node:fs/promises';"],
  ['services/predictor/src/backtest', "import 'nats';"],
  ['simulator/src/replay', 'export const x = performance.now();'],
  ['simulator/src/cluster/controllers', "export const x = await import('node:net');"],
  ['simulator/src/cloud', "export const x = await fetch('http://h');"],
  ['shared/src/domain', 'export const x = process.env.HOME;'],
  ['shared/src/config', "import 'node:fs';"],
  ['shared/src/wire', 'export const x = new Date().toISOString();'],
];

const ALLOWED: readonly (readonly [folder: string, code: string])[] = [
  ['services/predictor/src/service', "import '@forescale/shared/bus';"],
  ['services/predictor/src/service', "import '../model/index.ts';"],
  ['services/actuator/src/service', 'export const now = Date.now();'],
  ['services/actuator/src/plan', "import '@forescale/shared/time';"],
  ['services/actuator/src/plan', 'export const text = new Date(5).toISOString();'],
  ['services/actuator/src/plan', 'export const x = { process: 1 }.process;'],
  ['simulator/src/replay', "import '@forescale/actuator/plan';"],
  ['simulator/src/replay', "import '@forescale/predictor/model';"],
  ['simulator/src/cluster/http', "import 'node:http';"],
  ['cli/src/commands', "import '@forescale/simulator/replay';"],
  ['bench/src/forecast', "import '@forescale/cli/output';"],
  ['dashboard/src/page', "import '@forescale/shared/http';"],
  ['dashboard/src/page', "import '../latest/index.ts';"],
];

const RULES = ['plugin', 'lint/style/noRestrictedImports', 'lint/style/noRestrictedGlobals'];
const folder = mkdtempSync(join(tmpdir(), 'forescale-layers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pathOf = (kind: string, index: number, where: string, suffix = '.ts') => `${where}/${kind}-${index}${suffix}`;
const broken = new Map<string, string>();

function write(path: string, code: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), `${code}\n`);
}

beforeAll(() => {
  cpSync(join(ROOT, 'biome.json'), join(folder, 'biome.json'));
  cpSync(join(ROOT, 'tools/lint'), join(folder, 'tools/lint'), { recursive: true });
  writeFileSync(join(folder, '.gitignore'), 'node_modules/\n');
  for (const [index, [where, code]] of REFUSED.entries()) write(pathOf('refused', index, where), code);
  for (const [index, [where, code]] of ALLOWED.entries()) write(pathOf('allowed', index, where), code);
  write('shared/src/store/servers.test.ts', "import '../../../test/servers/index.ts';");
  write('services/actuator/src/plan/clock.test.ts', 'export const now = Date.now();');
  const args = ['lint', '--reporter=json', '--max-diagnostics=none', '.'];
  const { stdout } = spawnSync(BIOME, args, { cwd: folder, encoding: 'utf8' });
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { category: string; message: string; location: { path: string } }[];
  };
  for (const { category, message, location } of diagnostics) {
    if (RULES.includes(category)) broken.set(location.path.replace(/^\.\//, ''), message);
  }
});

describe('layers and cores', () => {
  it.each(REFUSED.map(([where, code], index) => ({ where, code, index })))(
    '$where: refused: $code',
    ({ where, index }) => {
      expect([...broken.keys()]).toContain(pathOf('refused', index, where));
    },
  );

  it.each(ALLOWED.map(([where, code], index) => ({ where, code, index })))(
    '$where: allowed: $code',
    ({ where, index }) => {
      expect(broken.get(pathOf('allowed', index, where))).toBeUndefined();
    },
  );

  it('a test may start the servers of test/, and read a clock', () => {
    expect(broken.get('shared/src/store/servers.test.ts')).toBeUndefined();
    expect(broken.get('services/actuator/src/plan/clock.test.ts')).toBeUndefined();
  });
});
