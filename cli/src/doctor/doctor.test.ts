import { readFile } from 'node:fs/promises';
import type { MachineProvider } from '@forescale/actuator/providers';
import { parseConfig } from '@forescale/shared/config';
import {
  type ClusterProbe,
  describePermission,
  neededPermissions,
  type Permission,
} from '@forescale/shared/kubernetes';
import { ManualClock, systemClock } from '@forescale/shared/time';
import { describe, expect, it } from 'vitest';
import { checkServer } from './cluster.ts';
import { checkLivePrices } from './machines.ts';
import { checkPermissions } from './permissions.ts';
import { checkPrices } from './prices.ts';
import { checkNode } from './servers.ts';
import { findingsTable } from './table.ts';

const PATIENCE = { clock: systemClock, timeoutMs: 60_000 };

function probe(change: Partial<ClusterProbe> = {}): ClusterProbe {
  return {
    version: async () => ({ version: 'v1.33.1', major: 1, minor: 33 }),
    skewMs: async () => 0,
    allows: async () => true,
    ...change,
  };
}

const configOf = (pools: string, root = '') => parseConfig(`autoscaler:\n${root}  pools:\n${pools}`, 'test', {});

describe('doctor: the API server', () => {
  it.each([
    [0, 'ok'],
    [5_000, 'ok'],
    [-5_001, 'warn'],
    [60_000, 'warn'],
    [60_001, 'fail'],
    [-3_600_000, 'fail'],
    [null, 'warn'],
  ] as const)('a clock that is %s ms off: %s', async (skewMs, state) => {
    const findings = await checkServer(probe({ skewMs: async () => skewMs }), 'x', PATIENCE);
    expect(findings.find(({ check }) => check === 'clock')).toMatchObject({ state });
  });

  it.each([
    [1, 21, 'warn'],
    [1, 22, 'ok'],
    [1, 34, 'ok'],
    [1, 35, 'warn'],
    [2, 30, 'warn'],
  ] as const)('version %i.%i: %s', async (major, minor, state) => {
    const version = async () => ({ version: `v${major}.${minor}.0`, major, minor });
    const findings = await checkServer(probe({ version }), 'x', PATIENCE);
    expect(findings.find(({ check }) => check === 'version')).toMatchObject({ state });
  });

  it('that takes a call and never answers is given up on in time', async () => {
    const clock = new ManualClock(0);
    const silent = probe({ version: () => new Promise(() => undefined) });
    const asked = checkServer(silent, 'https://10.0.0.1', { clock, timeoutMs: 10_000 });
    clock.advanceTo(10_000);
    expect(await asked).toEqual([
      {
        check: 'reachable',
        subject: 'Kubernetes',
        state: 'fail',
        detail: 'https://10.0.0.1: no answer within 10000 ms; nothing works',
      },
    ]);
  });
});

describe('doctor: permissions', () => {
  const observe = configOf('    - { name: web }\n');
  const enforce = configOf(
    '    - { name: web, mode: enforce, provider: { kind: simulated, url: "http://127.0.0.1:1" } }\n',
    '  kubernetes: { leader_election: true }\n',
  );

  it('are those that docs/doctor.md lists', async () => {
    const text = await readFile('docs/doctor.md', 'utf8');
    const listed = text.split('\n').filter((line) => /^\| (collector|actuator) \|/.test(line));
    expect(listed).toEqual(
      neededPermissions(enforce, ['collector', 'actuator']).map(
        (right) => `| ${right.service} | ${describePermission(right)} | ${right.missing} | ${right.without} |`,
      ),
    );
  });

  it('of the services as configured: what only observes need change nothing', async () => {
    const changes = (verb: string) => !['get', 'list', 'watch'].includes(verb);
    const observing = neededPermissions(observe, ['collector', 'actuator']).filter(({ verb }) => changes(verb));
    expect(observing.map(({ verb, resource }) => `${verb} ${resource}`)).toEqual(['create events']);
    const enforcing = neededPermissions(enforce, ['actuator']).filter(({ verb }) => changes(verb));
    expect(enforcing).toHaveLength(7);
  });

  it('a right that two services lack is told once, with both, and what is lost', async () => {
    const allows = async ({ verb, resource, group }: Permission) =>
      !(verb === 'list' && resource === 'nodes' && group === '');
    expect(
      await checkPermissions({ allows }, neededPermissions(observe, ['collector', 'actuator']), PATIENCE),
    ).toMatchObject([
      {
        state: 'fail',
        subject: 'list nodes',
        detail: expect.stringMatching(/^refused to the collector and the actuator: without it nodes and pods are not/),
      },
    ]);
  });

  it('what is not essential is a warning; what cannot be asked is a failure', async () => {
    const needed = neededPermissions(observe, ['actuator']);
    const noEvents = async ({ resource }: Permission) => resource !== 'events';
    expect(await checkPermissions({ allows: noEvents }, needed, PATIENCE)).toMatchObject([
      { state: 'warn', subject: 'create events in default' },
    ]);
    const broken = () => Promise.reject(new Error('HTTP 500'));
    const findings = await checkPermissions({ allows: broken }, needed, PATIENCE);
    expect(findings).toHaveLength(needed.length);
    expect(findings[0]).toMatchObject({ state: 'fail', detail: 'not known: HTTP 500' });
  });
});

describe('doctor: prices', () => {
  const findingOf = (offerings: string, mode = 'observe') =>
    checkPrices(
      configOf(`    - name: web
      mode: ${mode}
      provider: { kind: simulated, url: "http://127.0.0.1:1" }
      offerings: [${offerings}]\n`).pools,
    )[0];
  const demand = '{ instance_type: a, usd_per_hour: 0.1 }';
  const spot = (usd: number, type = 'a') => `{ instance_type: ${type}, capacity_type: spot, usd_per_hour: ${usd} }`;

  it.each([
    ['', 'ok', 'no offerings: nothing can be bought'],
    [`${demand}, ${spot(0.04)}`, 'ok', '2 offering(s), 0.04 to 0.1 USD/h'],
    ['{ instance_type: a, usd_per_hour: 0 }', 'warn', 'a on_demand in local/local has no price: it is always the'],
    [spot(0.04), 'warn', 'a spot in local/local has no on-demand offering to fall back on'],
    [`${demand}, ${spot(0.04, 'b')}`, 'warn', 'b spot in local/local has no on-demand offering to fall back on'],
    [`${demand}, ${spot(0.1)}`, 'warn', 'a spot in local/local costs 0.1 USD/h, and on demand 0.1'],
  ])('%s: %s, %s', (offerings, state, detail) => {
    expect(findingOf(offerings)).toMatchObject({ state, detail: expect.stringContaining(detail) });
  });

  it('a pool that is to buy, and has nothing to', () => {
    expect(findingOf('', 'enforce')).toMatchObject({ state: 'warn' });
  });
});

const DAY_MS = 86_400_000;
const priced = (source: 'static' | 'configured', asOf: string | null, count = 1) =>
  configOf('    - { name: web, provider: { kind: simulated, url: "http://127.0.0.1:1" } }\n').pools.map((pool) => ({
    ...pool,
    offerings: Array.from({ length: count }, (_, i) => ({
      ...{ provider: '', instanceType: `m${i}`, region: 'r', zone: 'a', capacityType: 'on_demand' as const },
      ...{ usdPerHour: 0.1, allocatable: null, interruption: null },
      ...(source === 'static' && { price: { source, asOf, estimate: false } }),
    })),
  }));
const findingsAt = (
  pools: ReturnType<typeof priced>,
  day: string,
  provider: { readonly prices?: NonNullable<MachineProvider['prices']> } = {},
) => checkLivePrices(pools, async () => provider, { clock: new ManualClock(Date.parse(day)), timeoutMs: DAY_MS });

describe('doctor: live prices', () => {
  it('a pool whose prices are all configured needs none', async () => {
    expect(await findingsAt(priced('configured', null), '2026-11-26')).toEqual([]);
  });

  it.each([
    ['2026-11-26', 'ok', 'not live: 3 static price(s) hold'],
    ['2027-01-16', 'ok', 'not live: 3 static price(s) hold'],
    ['2027-01-17', 'warn', 'not live: 3 of 3 static price(s) are more than 180 days old, up to 181'],
  ])('static ones of 2026-07-20 on %s: %s', async (day, state, detail) => {
    expect(await findingsAt(priced('static', '2026-07-20', 3), day)).toEqual([
      { check: 'price', subject: 'pool web', state, detail },
    ]);
  });
});

describe('doctor: live prices that a provider tells', () => {
  it.each([
    [[0.1, 0.2, 0.3], 'ok', 'live: all 3'],
    [[0.1, null, 0.3], 'ok', 'live: 2 of 3; 3 static price(s) hold'],
  ])('%j: %s, %s', async (prices, state, detail) => {
    const findings = await findingsAt(priced('static', '2026-07-20', 3), '2026-11-26', { prices: async () => prices });
    expect(findings).toMatchObject([{ state, detail }]);
  });

  it('that may not be read are a warning, with what holds instead', async () => {
    const prices = () => Promise.reject(new Error('AccessDenied: pricing:GetProducts'));
    expect(await findingsAt(priced('static', '2026-07-20', 3), '2026-11-26', { prices })).toMatchObject([
      { state: 'warn', detail: 'not told: AccessDenied: pricing:GetProducts; 3 static price(s) hold' },
    ]);
  });
});

describe('doctor: the table', () => {
  it('has its state first, in columns, one line for each finding whatever a server says', () => {
    const table = findingsTable([
      { check: 'reachable', subject: 'Kubernetes', state: 'ok', detail: 'https://10.0.0.1' },
      { check: 'price', subject: 'pool web', state: 'warn', detail: 'a\u001b[31m\nb' },
      { check: 'clock', subject: 'Kubernetes', state: 'fail', detail: 'x'.repeat(1_000) },
    ]);
    expect(table.split('\n').slice(0, 2)).toEqual([
      'ok    reachable  Kubernetes  https://10.0.0.1',
      'warn  price      pool web    a [31m b',
    ]);
    expect(table).toMatch(/\n\n1 ok, 1 warn, 1 fail\n$/);
    expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThan(400);
  });
});

it('doctor: Node', () => {
  expect(checkNode('22.23.3').state).toBe('ok');
  expect(checkNode('20.1.0')).toMatchObject({ state: 'warn', detail: '20.1.0: tested is 22' });
});
