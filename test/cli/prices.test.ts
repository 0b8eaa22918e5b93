import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../harness/config-file.ts';
import { ran } from './captured.ts';

const MACHINES = ['plan', '--config', 'examples/machines.yaml', '--state', 'examples/planning-state.json'];

let directory: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
});
afterAll(() => remove());

async function configFile(pool: string): Promise<string> {
  const file = join(directory, 'forescale.yaml');
  await writeFile(file, `autoscaler: { kubernetes: { enabled: false }, pools: [{ name: web, ${pool} }] }\n`);
  return file;
}

describe('forescale plan: what may be bought', () => {
  it('each offering with its price and where that is from, and why other types are not', async () => {
    const { code, stdout } = await ran(...MACHINES);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}nodes: .* USD\/h \(prices: static 2025-06-28, estimated, and configured\)$/m);
    expect(stdout).toMatch(/^ {2}offerings: 36$/m);
    expect(stdout).toContain('    m7g.xlarge/eu-central-1/eu-central-1a/on_demand: 0.124 USD/h, configured\n');
    expect(stdout).toContain(
      'm7g.xlarge/eu-central-1/eu-central-1b/on_demand: 0.1955 USD/h, static 2026-07-20, estimated',
    );
    expect(stdout).toMatch(/^ {2}refused of the 46 types of aws \(table of 2026-07-20\): 37$/m);
    expect(stdout).toMatch(/^ {4}t3\.medium, t4g\.medium: exclude names \*\.medium$/m);
    expect(stdout.split('\n').length).toBeLessThan(60);
  });

  it('all of it as JSON', async () => {
    const { stdout } = await ran(...MACHINES, '--json', '-');
    const { web } = JSON.parse(stdout).pools;
    expect(web.offerings).toHaveLength(36);
    expect(web.offerings[1].price).toEqual({ source: 'static', as_of: '2026-07-20', estimate: true });
    expect(web.considered).toMatchObject([{ cloud: 'aws', types: 46 }]);
    const { chosen, refused } = web.considered[0];
    expect(new Set(chosen.map((id: string) => id.split('/')[0])).size + refused.length).toBe(46);
    expect(refused).toContainEqual({
      instance_type: 'm6g.2xlarge',
      code: 'excluded',
      text: 'exclude names m6g.2xlarge',
    });
  });
});

describe('forescale validate: what may be bought', () => {
  it.each(readdirSync('examples').filter((file) => file.endsWith('.yaml') && file !== 'demo.yaml'))(
    'examples/%s can be completed from the static tables',
    async (file) => {
      const { code, stderr } = await ran('validate', `examples/${file}`);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    },
  );

  it('shows it with its prices, and refuses in one line what no table knows', async () => {
    const { stdout } = await ran('validate', 'examples/machines.yaml', '--print');
    expect(stdout).toMatch(/instanceType: m7g\.4xlarge\n(.*\n){3} +usdPerHour: 0\.7821\n +price:\n +source: static/);
    const file = await configFile('machines: [{ cloud: aws, regions: [us-east-1], families: [m99] }]');
    expect(await ran('validate', file)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /^forescale: .*forescale\.yaml: autoscaler\.pools\[0\]\.machines\[0\]: allowed: what leaves a type of aws to buy; all are refused, 46 for family\n$/,
      ),
    });
  });
});

describe('forescale doctor: what may be bought', () => {
  it('how many types were considered and chosen, why the rest is not, and how old static prices are', async () => {
    const file = await configFile(
      'machines: [{ cloud: aws, regions: [us-east-1], capacity_types: [on_demand, spot], families: [m7i], cpu: { max: 4 } }]',
    );
    const { code, stdout } = await ran('doctor', '--config', file);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^ok +machines +pool web +2 of the 46 types of aws, 20 offering\(s\); refused: 42 for family, 2 for cpu$/m,
    );
    expect(stdout).toMatch(
      /^warn +price +pool web +not live: \d+ of 20 static price\(s\) are more than 180 days old, up to \d+$/m,
    );
  });
});
