import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../harness/config-file.ts';
import { ran } from './captured.ts';
import { writeWave } from './traces.ts';

let directory: string;
let trace: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
  // From 2 to 18 nodes.
  trace = await writeWave(directory, 1_200);
});
afterAll(() => remove());

interface Summary {
  readonly usd: number;
  readonly node_steps: number;
  readonly unmet_demand_share: number;
  readonly create_failures: number;
  readonly spot_interruptions: number;
}

async function simulated(simulation: string, ...args: readonly string[]): Promise<Summary> {
  const config = join(directory, 'config.yaml');
  await writeFile(
    config,
    `autoscaler:
  simulation: ${simulation}
  pools:
    - name: web
      capacity_per_node: 10
      bounds: { min_nodes: 1, max_nodes: 100 }
      offerings:
        - { instance_type: m, zone: a, usd_per_hour: 0.2 }
        - { instance_type: m, zone: a, capacity_type: spot, usd_per_hour: 0.2 }
      spot: { share: 0.5 }
      scale_down: { unneeded: 1m, after_scale_up: 0s }
      signals: [{ name: load }]
`,
  );
  const { code, stdout, stderr } = await ran(
    ...['simulate', trace, '--config', config, '--policy', 'reactive', '--json', '-'],
    ...args,
  );
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Summary;
}

describe('simulate: the cloud of the configuration', () => {
  it('nothing fails where nothing is said', async () => {
    expect(await simulated('{}')).toMatchObject({ create_failures: 0, spot_interruptions: 0 });
  });

  it('refuses, reclaims, and takes its time', async () => {
    const calm = await simulated('{}');
    const wild = await simulated(
      '{ create_failure_share: 0.3, spot_reclaims_per_hour: 0.5, boot: { p50: 3m, p95: 20m } }',
    );
    expect(wild.create_failures).toBeGreaterThan(20);
    expect(wild.spot_interruptions).toBeGreaterThan(5);
    expect(wild.unmet_demand_share).toBeGreaterThan(1.5 * calm.unmet_demand_share);
  });

  it('flags come before the configuration, and the seed decides', async () => {
    const section = '{ create_failure_share: 0.3, spot_reclaims_per_hour: 0.5 }';
    const off = await simulated(section, '--create-failures', '0', '--spot-reclaims', '0');
    expect(off).toMatchObject({ create_failures: 0, spot_interruptions: 0 });
    const [a, b, c] = [
      await simulated(section),
      await simulated(section, '--seed', '1'),
      await simulated(section, '--seed', '2'),
    ];
    expect(b.usd).toBe(a.usd);
    expect(c.usd).not.toBe(a.usd);
  });

  it('prices change while it runs', async () => {
    const usual = await simulated('{}');
    const price = '{ instance_type: m, from: "2023-11-15T00:00:00Z", usd_per_hour: 0.4 }';
    const dear = await simulated(`{ prices: [${price}, ${price.replace('{', '{ capacity_type: spot,')}] }`);
    expect(dear.node_steps).toBe(usual.node_steps);
    expect(dear.usd).toBeCloseTo(2 * usual.usd, 3);
  });

  it('a machine that leaves early is paid for until its shortest billing is over', async () => {
    const usual = await simulated('{}');
    const hourly = await simulated('{ min_billing: 4h }');
    expect(hourly.node_steps).toBe(usual.node_steps);
    expect(hourly.usd).toBeGreaterThan(1.05 * usual.usd);
  });

  it.each([
    ['--create-failures', '2'],
    ['--spot-reclaims', 'often'],
  ])('%s %s: exit 2 and one line', async (option, value) => {
    const { code, stderr } = await ran('simulate', trace, '--config', join(directory, 'config.yaml'), option, value);
    expect(stderr).toBe(`forescale: ${option} = ${JSON.stringify(value)}; allowed: a number from 0 to 1\n`);
    expect(code).toBe(2);
  });
});
