import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '@forescale/shared/config';
import { createSqliteState } from '@forescale/shared/state';
import { createSqliteStore } from '@forescale/shared/store';
import { systemClock } from '@forescale/shared/time';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../harness/config-file.ts';
import { ran } from './captured.ts';

let directory: string;
let config: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
  config = join(directory, 'forescale.yaml');
  const path = join(directory, 'forescale.db');
  await writeFile(
    config,
    `autoscaler:
  store: { kind: sqlite, path: "${path}" }
  kubernetes: { enabled: false }
  data_dir: "${directory}"
  pools:
    - name: web
      signals: [{ name: requested-cpu }]
      offerings:
        - { instance_type: general, usd_per_hour: 0.2 }
        - { instance_type: compute, usd_per_hour: 0.15, allocatable: { cpu: "4", memory: 8Gi } }
`,
  );
  const store = await createSqliteStore({ path, clock: systemClock });
  const nowMs = systemClock.nowMs();
  const tags = { pool: 'web', signal: 'requested-cpu', source: 'kubernetes' };
  await store.write(
    Array.from({ length: 100 }, (_, i) => ({
      measurement: 'kpi',
      tags,
      fields: { value: 40_000 },
      timeMs: nowMs - (i + 1) * 60_000,
    })),
  );
  await store.write([
    {
      measurement: 'kpi',
      tags: { ...tags, signal: 'queue' },
      fields: { value: 300 },
      timeMs: nowMs - 60_000,
    },
    {
      measurement: 'workload',
      tags: { pool: 'web', namespace: 'shop', workload: 'api' },
      fields: { pods: 40, requested_cpu: 1_000, requested_memory: 2 ** 30, used_cpu: 200, used_memory: 2 ** 29 },
      timeMs: nowMs - 60_000,
    },
  ]);
  await store.close();
});
afterAll(() => remove());

describe('forescale rightsize', () => {
  it('prints a table and writes JSON: machines, requests, money', async () => {
    const json = join(directory, 'out.json');
    const { code, stdout, stderr } = await ran('rightsize', '--config', config, '--margin', '0.2', '--json', json);
    expect(stderr).not.toContain('forescale:');
    expect(code).toBe(0);
    // 40 cores and a fifth on top are 12 machines of 4; 48 of 200 m and a fifth are 240 m for each of 40 pods.
    expect(stdout).toMatch(/p95 \+ 20 % +1\.800 +1314 {2}12 x compute/);
    expect(stdout).toMatch(/p99 \+ 20 %, requests as below +0\.450 +32[89] {2}3 x compute/);
    expect(stdout).toMatch(/shop\/api +40 +1000 -> 240 +1024 -> 615/);
    expect(stdout).toContain('no cost is stored');
  });

  it('writes only JSON to stdout when asked to', async () => {
    const { stdout } = await ran('rightsize', '--config', config, '--json', '-');
    const { pools } = JSON.parse(stdout);
    expect(pools).toMatchObject([
      {
        pool: 'web',
        days: 14,
        margin: 0.15,
        observed: [{ signal: 'requested-cpu', samples: 100, p95: 40_000, p99: 40_000 }],
        now: { usd_per_hour_mean: null, machines: null },
        requests: [{ workload: 'api', cpu_millicores: { now: 1_000, advised: 230 } }],
      },
    ]);
    expect(pools[0].machines).toHaveLength(4);
  });

  it('takes what the actuator has learned that a node carries', async () => {
    const own = join(directory, 'learned.yaml');
    const text = (await readFile(config, 'utf8')).replace('{ name: requested-cpu }', '{ name: queue }');
    await writeFile(own, text);
    const advised = async () => {
      const { stdout, stderr } = await ran('rightsize', '--config', own, '--margin', '0', '--json', '-');
      expect(stderr).not.toContain('forescale:');
      return JSON.parse(stdout).pools[0];
    };
    const before = await advised();
    expect(before.not_counted).toEqual([expect.stringMatching(/^queue: no capacity_per_node/)]);
    expect(before.machines[0].machines).toEqual([]);
    const state = await createSqliteState({ path: join(directory, 'state.db'), bucket: 'actuator' });
    const { pools } = await loadConfig(own, {});
    const value = {
      allocatable: pools[0]?.template.allocatable,
      signals: { queue: { perNode: 100, confirmedMs: 0, why: 'learned' } },
    };
    await state.put('capacity.web', new TextEncoder().encode(JSON.stringify(value)));
    await state.close();
    const after = await advised();
    expect(after.not_counted).toEqual([]);
    expect(after.machines[0].machines).toMatchObject([{ count: 3 }]);
  });

  it.each([
    ['--days', '0'],
    ['--margin', '-1'],
    ['--pool', 'nobody'],
  ])('refuses %s %s in one line', async (option, value) => {
    const { code, stderr } = await ran('rightsize', '--config', config, option, value);
    expect(stderr).toMatch(new RegExp(`^forescale: ${option} = .*allowed: [^\\n]+\\n$`));
    expect(code).toBe(2);
  });
});
