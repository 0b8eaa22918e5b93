import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../harness/config-file.ts';
import { ForescaleProcess } from '../harness/process.ts';

const WITHIN_MS = 90_000;
/** On a busy machine it takes more than a minute, and says how far it is. */
const PROGRESS = /^\w+: \d+ %\n/gm;

it(
  'demo --once ends by itself with a summary of model, lead times, unmet demand and cost beside the baselines',
  async () => {
    const { path, remove } = await temporaryDirectory();
    const file = join(path, 'summary.json');
    const demo = new ForescaleProcess(['demo', '--once', '--days', '0.1', '--seed', '3', '--json', file]);
    const code = await demo.end(WITHIN_MS);
    expect({ code, stderr: demo.stderr.replace(PROGRESS, '') }).toEqual({ code: 0, stderr: '' });
    const summary = demo.stdout;
    expect(summary).toMatch(/^generated load, seed 3: enforce mode, page on http:/);
    expect(summary).toMatch(/\d\d-\d\d \d\d:\d\d {2}create .*: \d+ nodes for /);
    expect(summary).toMatch(/model combination on TensorFlow\.js backend (tensorflow|wasm|cpu) \(/);
    expect(summary).toMatch(/half of the nodes by at least -?\d+ s \(p50\), 95 % by at least -?\d+ s \(p95\)/);
    for (const policy of ['forescale', 'reactive', 'oracle'])
      expect(summary).toMatch(new RegExp(`^ {2}${policy} +\\d+\\.\\d{3} % +\\d+\\.\\d{2} USD$`, 'm'));
    const { forescale, reactive, oracle, ...rest } = JSON.parse(await readFile(file, 'utf8'));
    expect(rest).toMatchObject({ minutes: 144, model: 'combination', lead_seconds: { p50: expect.any(Number) } });
    expect(oracle.unmet_demand_share).toBe(0);
    expect(forescale.unmet_demand_share).toBeLessThanOrEqual(reactive.unmet_demand_share);
    expect(forescale.usd).toBeGreaterThanOrEqual(oracle.usd);
    await remove();
  },
  2 * WITHIN_MS,
);
