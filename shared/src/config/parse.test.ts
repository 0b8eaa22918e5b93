import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError, loadConfig, maskSecrets, parseConfig } from './index.ts';

const parse = (text: string, environment: Record<string, string> = {}) => parseConfig(text, 'f.yaml', environment);

const EXAMPLES = new URL('../../../examples/', import.meta.url).pathname;

const TWO_POLICIES = `
autoscaler:
  policies:
    business_hours:
      time_range: "09:00-17:00"
      min_nodes: 3
      max_nodes: 8
    off_hours:
      time_range: "17:00-09:00"
      min_nodes: 2
      max_nodes: 4
`;

describe('configuration: what is accepted', () => {
  it('two policies are the bounds of one pool that observes', () => {
    const { pools, timezone } = parse(TWO_POLICIES);
    expect(timezone).toBe('UTC');
    expect(pools).toHaveLength(1);
    expect(pools[0]).toMatchObject({
      name: 'default',
      mode: 'observe',
      provider: { kind: 'none' },
      selector: { 'forescale.dev/pool': 'default' },
      bounds: { minNodes: 1, maxNodes: 10, usdPerHourMax: null },
      policies: [
        { name: 'business_hours', startMinute: 540, endMinute: 1020, minNodes: 3, maxNodes: 8, timezone: 'UTC' },
        { name: 'off_hours', startMinute: 1020, endMinute: 540, minNodes: 2, maxNodes: 4, timezone: 'UTC' },
      ],
    });
    expect(pools[0]?.signals.map((signal) => signal.name)).toEqual([
      'requested-cpu',
      'requested-memory',
      'requested-pods',
    ]);
  });

  it.each(readdirSync(EXAMPLES).filter((file) => file.endsWith('.yaml')))('examples/%s', async (name) => {
    const environment = { DEMO_DATA: 'd', DEMO_CLUSTER: 'http://127.0.0.1:1', DEMO_CAPACITY: '5' };
    expect((await loadConfig(join(EXAMPLES, name), environment)).pools.length).toBeGreaterThan(0);
  });

  it('examples/high-availability.yaml shows what it is about', async () => {
    const config = await loadConfig(join(EXAMPLES, 'high-availability.yaml'), {});
    expect(config).toMatchObject({
      bus: { kind: 'nats' },
      store: { kind: 'influxdb' },
      kubernetes: { watch: true, leaderElection: true },
      pools: [{ mode: 'enforce', singleWriter: 'check', repair: { enabled: true }, spot: { rebalance: true } }],
    });
  });

  it.each<[what: string, root: string, elects: boolean]>([
    ['embedded: the one process acts', '{}', false],
    ['over NATS actuators share their state: one acts', '{ bus: { kind: nats, url: "nats://n:4222" } }', true],
    [
      '… unless said otherwise',
      '{ bus: { kind: nats, url: "nats://n:4222" }, kubernetes: { leader_election: false } }',
      false,
    ],
    ['embedded on a volume that both mount', '{ kubernetes: { leader_election: true } }', true],
    ['time is a conductor’s', '{ bus: { kind: nats, url: "nats://n:4222" }, clock: { source: bus } }', false],
    ['no cluster', '{ bus: { kind: nats, url: "nats://n:4222" }, kubernetes: { enabled: false } }', false],
  ])('leader election: %s', (_, root, elects) => {
    expect(parse(`autoscaler: ${root}`).kubernetes.leaderElection).toBe(elects);
  });

  it('is frozen to the bottom', () => {
    const config = parse(TWO_POLICIES);
    const policy = config.pools[0]?.policies[0] as { minNodes: number };
    expect(() => {
      policy.minNodes = 0;
    }).toThrow(TypeError);
  });

  it('a pool without policies of its own has those of the root, in the zone of the root', () => {
    const { pools } = parse(`
autoscaler:
  timezone: Europe/Berlin
  policies: { night: { time_range: "22:00-06:00", min_nodes: 0 } }
  pools:
    - name: a
    - name: b
      policies: { noon: { time_range: "12:00-13:00", timezone: UTC } }`);
    expect(pools.map((pool) => pool.policies.map((policy) => [policy.name, policy.timezone]))).toEqual([
      [['night', 'Europe/Berlin']],
      [['noon', 'UTC']],
    ]);
  });

  it('"00:00-24:00", equal ends and no range at all are the whole day', () => {
    const { pools } = parse(
      'autoscaler: {policies: {a: {time_range: "00:00-24:00"}, b: {time_range: "00:00-00:00"}, c: {}}}',
    );
    for (const policy of pools[0]?.policies ?? []) expect(policy).toMatchObject({ startMinute: 0, endMinute: 0 });
  });

  it('declared capacity comes from the template for derived signals, else from the pool', () => {
    const { pools } = parse(`
autoscaler:
  pools:
    - capacity_per_node: 50
      template: { allocatable: { cpu: 3900m, memory: 1.5Gi, pods: 20 } }
      signals: [{ name: requested-cpu }, { name: requested-memory }, { name: rps }, { name: jobs, capacity_per_node: 2 }]`);
    expect(pools[0]?.signals.map((signal) => signal.capacityPerNode)).toEqual([3_900, 1.5 * 2 ** 30, 50, 2]);
  });

  it('an anchor may be used again', () => {
    const { pools } = parse('autoscaler: {pools: [{name: a, bounds: &b {max_nodes: 5}}, {name: b, bounds: *b}]}');
    expect(pools.map((pool) => pool.bounds.maxNodes)).toEqual([5, 5]);
  });
});

describe('configuration: the environment', () => {
  const text = 'autoscaler:\n  http:\n    port: ${PORT:-9000}\n  data_dir: "${ROOT:-/tmp}/x/${NAME}"\n';

  it('fills in variables and defaults; what is unquoted keeps its meaning as YAML', () => {
    expect(parse(text, { NAME: 'n' })).toMatchObject({ http: { port: 9_000 }, dataDir: '/tmp/x/n' });
    expect(parse(text, { NAME: 'n', ROOT: '/var', PORT: '1' })).toMatchObject({
      http: { port: 1 },
      dataDir: '/var/x/n',
    });
  });

  it.each(['a #b', '"quoted"', '*star', '{x', 'a: b', '- c', '&d', '%'])('unquoted text %s stays as it is', (value) => {
    const { store } = parse('autoscaler:\n  store:\n    kind: influxdb\n    url: http://h\n    password: ${PW}\n', {
      PW: value,
    });
    expect(store).toMatchObject({ password: value });
  });

  it('a value cannot bring in structure or other variables', () => {
    expect(parse('autoscaler:\n  data_dir: ${X}\n', { X: '{a: 1}' }).dataDir).toBe('{a: 1}');
    expect(parse('autoscaler:\n  data_dir: ${X}\n', { X: '${HOME}', HOME: 'h' }).dataDir).toBe('${HOME}');
  });
});

describe('configuration: the file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'forescale-config-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const message = (path: string) =>
    loadConfig(path, {}).then(
      () => 'accepted',
      (error: unknown) => (error instanceof ConfigError ? error.message : `not a ConfigError: ${String(error)}`),
    );

  it('that is not there, or is a folder', async () => {
    expect(await message(join(folder, 'none.yaml'))).toBe(`${join(folder, 'none.yaml')}: cannot be read: ENOENT`);
    expect(await message(folder)).toBe(`${folder}: cannot be read: EISDIR`);
  });

  it('that has no end', async () => {
    expect(await message('/dev/zero')).toBe('/dev/zero: too large; allowed: at most 1048576 bytes');
  });

  it('that is not UTF-8', async () => {
    const path = join(folder, 'latin1.yaml');
    writeFileSync(path, Buffer.from('autoscaler: {} # \xe9', 'latin1'));
    expect(await message(path)).toBe(`${path}: not text; allowed: YAML in UTF-8`);
  });

  it('that begins with a byte order mark and ends lines as Windows does is fine', async () => {
    const path = join(folder, 'windows.yaml');
    writeFileSync(path, `\uFEFF${TWO_POLICIES.replaceAll('\n', '\r\n')}`);
    expect((await loadConfig(path, {})).pools[0]?.policies).toHaveLength(2);
    expect(readFileSync(path)[0]).toBe(0xef);
  });
});

it('printing masks secrets and logins, and nothing else', () => {
  const config = parse(`
autoscaler:
  store: { kind: influxdb, url: "http://me:hunter2@db:8086", username: me, password: hunter2 }
  bus: { kind: nats, url: "nats://me:hunter2@bus:4222", token: hunter2, token_file: /run/token }`);
  const masked = maskSecrets(config);
  expect(JSON.stringify(masked)).not.toContain('hunter2');
  expect(masked.store).toMatchObject({ url: 'http://***@db:8086', username: 'me', password: '***' });
  expect(masked.bus).toMatchObject({ token: '***', tokenFile: '/run/token', password: null });
  expect(masked.pools).toEqual(config.pools);
});
