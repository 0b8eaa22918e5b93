import { type ClusterPod, HOSTNAME_LABEL, type PodRules } from '@forescale/shared/domain';
import { describe, expect, it } from 'vitest';
import { EMPTY_MEMORY } from './memory.ts';
import { plan } from './plan.ts';
import { applied, NOON, nodeOf, podOf, poolOf, settled, stateOf } from './plan-state.test-data.ts';
import type { PlanState } from './types.ts';

const ZONE_LABEL = 'topology.kubernetes.io/zone';
const zoned = (...zones: string[]) => zones.map((zone) => ({ instance_type: 'm', zone, usd_per_hour: 0.1 }));
const POOL = poolOf({ bounds: { min_nodes: 0, max_nodes: 50 }, offerings: zoned('a') });
const TWO_ZONES = poolOf({ bounds: { min_nodes: 0, max_nodes: 50 }, offerings: zoned('a', 'b') });

const NONE: PodRules = { nodeTerms: [], apartFrom: [], besides: [], spread: [] };
const near = (app: string, topologyKey = HOSTNAME_LABEL) => ({
  topologyKey,
  pods: { namespaces: ['default'], requirements: [{ key: 'app', operator: 'In' as const, values: [app] }] },
});
const inZones = (...values: string[]): PodRules => ({
  ...NONE,
  nodeTerms: [[{ key: ZONE_LABEL, operator: 'In', values }]],
});

const appOf = (app: string, overrides: Partial<ClusterPod> = {}) => podOf(500, { labels: { app }, ...overrides });
const many = (count: number, app: string, rules: PodRules | null = null) =>
  Array.from({ length: count }, () => appOf(app, { rules }));
const at = (name: string, ...pods: ClusterPod[]) =>
  nodeOf(name, { pods: pods.map((pod) => ({ ...pod, nodeName: name })), labels: { [ZONE_LABEL]: name.slice(0, 1) } });

function planFor(pendingPods: ClusterPod[], overrides: Partial<PlanState> = {}, pool = POOL) {
  const state = stateOf(0, { pendingPods, ...overrides });
  const planned = plan(state, [], pool, NOON);
  const created = planned.actions.reduce((sum, action) => sum + (action.kind === 'create' ? action.count : 0), 0);
  // Whatever the rules, the plan is at rest once its machines are ordered, and once they are there and still empty.
  const begun = applied(state, planned, NOON);
  expect(plan(begun, [], pool, NOON).actions).toEqual([]);
  const template = pool.template.allocatable;
  const there = settled(begun, pool).nodes.map((node) =>
    node.pods === null ? { ...node, pods: [], allocatable: template } : node,
  );
  expect(plan({ ...begun, starting: [], nodes: there }, [], pool, NOON).actions.map((one) => one.kind)).not.toContain(
    'create',
  );
  return { created, codes: planned.report.reasons.map((one) => one.code), served: planned.servedPodUids.length };
}

describe('plan: pending pods that choose their nodes', () => {
  it.each([
    { what: 'the zone that all offerings have', pool: POOL, zones: ['a', 'c'], created: 1, code: 'create' },
    { what: 'another zone', pool: POOL, zones: ['b'], created: 0, code: 'pods-fit-nowhere' },
    { what: 'any zone of the offerings', pool: TWO_ZONES, zones: ['a', 'b'], created: 1, code: 'create' },
    { what: 'one zone of two', pool: TWO_ZONES, zones: ['b'], created: 0, code: 'pods-fit-some-offerings' },
  ])('require $what: $created new', ({ pool, zones, created, code }) => {
    const planned = planFor([appOf('web', { rules: inZones(...zones) })], {}, pool);
    expect(planned.created).toBe(created);
    expect(planned.codes).toContain(code);
  });

  it('select the architecture that the present nodes have', () => {
    const pod = podOf(3_000, { nodeSelector: { 'kubernetes.io/arch': 'arm64' } });
    const on = (arch: string) => nodeOf('n', { pods: [podOf(3_000)], labels: { 'kubernetes.io/arch': arch } });
    expect(planFor([pod], { nodes: [on('arm64')] }).created).toBe(1);
    expect(planFor([pod], { nodes: [on('amd64')] }).created).toBe(0);
  });
});

describe('plan: pending pods that keep apart', () => {
  const apart: PodRules = { ...NONE, apartFrom: [near('web')] };

  it('take a node each, those present counted', () => {
    expect(planFor(many(3, 'web', apart)).created).toBe(3);
    expect(planFor(many(3, 'web', apart), { nodes: [at('a1'), at('a2', appOf('web'))] }).created).toBe(2);
    expect(planFor(many(3, 'web'), { nodes: [at('a1'), at('a2', appOf('web'))] }).created).toBe(0);
  });

  it('are kept away by what is there and wants none of them near', () => {
    const nodes = [at('a1', appOf('db', { rules: apart }))];
    expect(planFor([appOf('web')], { nodes }).created).toBe(1);
    expect(planFor([appOf('cache')], { nodes }).created).toBe(0);
  });

  it('keep those away that are placed after them', () => {
    const large = podOf(2_000, { labels: { app: 'db' }, rules: apart });
    expect(planFor([large, appOf('web')]).created).toBe(2);
    expect(planFor([large, appOf('cache')]).created).toBe(1);
  });

  it('share what pods of other namespaces have', () => {
    expect(planFor(many(1, 'web', apart), { nodes: [at('a1', appOf('web', { namespace: 'other' }))] }).created).toBe(0);
  });

  it('by zone: find no place where the only zone has one of them', () => {
    const byZone: PodRules = { ...NONE, apartFrom: [near('web', ZONE_LABEL)] };
    const planned = planFor(many(2, 'web', byZone));
    expect(planned).toMatchObject({ created: 1, served: 1 });
    expect(planned.codes).toContain('pods-kept-apart');
  });

  it('by zone: get a node each where its zone is not known beforehand, once', () => {
    const byZone: PodRules = { ...NONE, apartFrom: [near('web', ZONE_LABEL)] };
    const nodes = [at('a1', appOf('web'))];
    expect(planFor(many(1, 'web', byZone), { nodes }, TWO_ZONES).created).toBe(1);
    const empty = nodeOf('a2', { pods: [], labels: { [ZONE_LABEL]: 'a' } });
    expect(planFor(many(1, 'web', byZone), { nodes: [...nodes, empty] }, TWO_ZONES).created).toBe(0);
  });
});

describe('plan: pending pods that keep together', () => {
  const beside: PodRules = { ...NONE, besides: [near('web')] };

  it('fill the node of the first of them, and no other', () => {
    expect(planFor(many(8, 'web', beside))).toMatchObject({ created: 1, served: 8 });
    const planned = planFor(many(9, 'web', beside));
    expect(planned).toMatchObject({ created: 1, served: 8 });
    expect(planned.codes).toContain('pods-kept-apart');
  });

  it('go where the others are, and nowhere without them', () => {
    const nodes = [at('a1'), at('a2', appOf('web'))];
    expect(planFor(many(7, 'db', beside), { nodes })).toMatchObject({ created: 0, served: 7 });
    expect(planFor(many(1, 'db', beside), { nodes: [at('a1')] })).toMatchObject({ created: 0, served: 0 });
  });
});

describe('plan: pending pods that spread', () => {
  const spread = (maxSkew: number, topologyKey = HOSTNAME_LABEL): PodRules => ({
    ...NONE,
    spread: [{ ...near('web', topologyKey), maxSkew }],
  });

  it('evenly over nodes: ten on three nodes need no fourth', () => {
    const nodes = [at('a1'), at('a2'), at('a3')];
    expect(planFor(many(10, 'web', spread(1)), { nodes }).created).toBe(0);
  });

  it('no further than the fullest node without one of them allows', () => {
    const nodes = [at('a1', podOf(3_900)), at('a2')];
    expect(planFor(many(4, 'web', spread(1)), { nodes }).created).toBe(3);
    expect(planFor(many(4, 'web', spread(2)), { nodes }).created).toBe(1);
  });

  it('evenly over zones', () => {
    const nodes = [at('a1', podOf(100)), at('b1', podOf(3_500))];
    // One in b, so two in a: the rest is refused by all that is there, and a new node may be in b.
    expect(planFor(many(3, 'web', spread(1, ZONE_LABEL)), { nodes }, TWO_ZONES).created).toBe(0);
    expect(planFor(many(4, 'web', spread(1, ZONE_LABEL)), { nodes }, TWO_ZONES).created).toBe(1);
  });

  it('not at all by a label that no node has', () => {
    expect(planFor(many(2, 'web', spread(1, 'rack')), { nodes: [at('a1', podOf(100))] }).created).toBe(1);
  });
});

describe('plan: pods that ask for much', () => {
  it('GPUs: as many nodes as their number asks for', () => {
    const template = { allocatable: { cpu: '4', memory: '16Gi', gpus: 2 } };
    const pool = poolOf({ template, bounds: { min_nodes: 0, max_nodes: 50 } });
    const gpuPod = () => podOf(100, { requests: { cpuMillicores: 100, memoryBytes: 1, pods: 1, gpus: 1 } });
    expect(planFor([gpuPod(), gpuPod(), gpuPod()], {}, pool).created).toBe(2);
  });

  it('what DaemonSets take counts on every new node, by the most that each resource is taken', () => {
    const daemon = (cpuMillicores: number, gibibytes: number) =>
      podOf(0, {
        ownerKind: 'DaemonSet',
        requests: { cpuMillicores, memoryBytes: gibibytes * 2 ** 30, pods: 1, gpus: 0 },
      });
    const full = podOf(3_000);
    const nodes = [at('a1', daemon(500, 1), full), at('a2', daemon(100, 4), full)];
    const pod = (cpuMillicores: number, gibibytes: number) =>
      podOf(0, { requests: { cpuMillicores, memoryBytes: gibibytes * 2 ** 30, pods: 1, gpus: 0 } });
    expect(planFor([pod(3_500, 12)], { nodes }).created).toBe(1);
    expect(planFor([pod(3_501, 12)], { nodes }).created).toBe(0);
    expect(planFor([pod(3_500, 12.1)], { nodes }).created).toBe(0);
  });
});

describe('plan: nodes leave only if their pods find places by their rules', () => {
  const apart: PodRules = { ...NONE, apartFrom: [near('web')] };
  const unneeded = (...names: string[]) => ({
    ...EMPTY_MEMORY,
    unneededSinceMs: Object.fromEntries(names.map((name) => [name, 0])),
  });
  const leaving = (rules: PodRules | null, topologyKey?: string) => {
    const own = topologyKey === undefined ? rules : { ...NONE, apartFrom: [near('web', topologyKey)] };
    const nodes = [at('a1', appOf('web', { rules: own })), at('b1', appOf('web', { rules: own })), at('a2')];
    const state = stateOf(0, { nodes: nodes.slice(0, topologyKey ? 3 : 2), memory: unneeded('a1') });
    const { actions, report } = plan(state, [], poolOf(), NOON);
    return { drained: actions.map((one) => (one.kind === 'drain' ? one.nodeName : one.kind)), report };
  };

  it('on hosts of their own', () => {
    expect(leaving(null).drained).toEqual(['a1']);
    const held = leaving(apart);
    expect(held.drained).toEqual([]);
    expect(held.report.reasons.map((one) => one.code)).toContain('hold-no-place');
  });

  it('within a zone of their own: a pod does not stand in its own way', () => {
    expect(leaving(apart, ZONE_LABEL).drained).toEqual(['a1']);
  });

  it('of several that leave at once, each sees where the pods of those before it went', () => {
    const nodes = [
      at('a1', appOf('web', { rules: apart })),
      at('a2', appOf('web', { rules: apart })),
      at('a3'),
      at('a4', podOf(3_900)),
    ];
    const pool = poolOf({ bounds: { min_nodes: 0, max_nodes: 4 }, scale_down: { max_parallel: 10 } });
    const state = stateOf(100, {
      nodes: [...nodes, ...Array.from({ length: 10 }, (_, i) => at(`c${i}`, podOf(3_900)))],
      memory: unneeded('a1', 'a2'),
    });
    const { actions } = plan(state, [], pool, NOON);
    const gone = new Set(actions.flatMap((one) => (one.kind === 'drain' ? [one.nodeName] : [])));
    // A single host is left for two pods that keep apart.
    expect([gone.has('a1') && gone.has('a2') && !gone.has('a3'), gone.size > 0]).toEqual([false, true]);
  });
});

it('plan: growth stops where new nodes come up without what they were ordered for', () => {
  let state = stateOf(0, { pendingPods: many(3, 'web', { ...NONE, apartFrom: [near('web', ZONE_LABEL)] }) });
  for (let tick = 0; tick < 10; tick++) {
    const nowMs = NOON + tick * 60_000;
    state = { ...state, readings: [{ signal: 'rps', timeMs: nowMs, value: 0 }] };
    state = settled(applied(state, plan(state, [], TWO_ZONES, nowMs), nowMs), TWO_ZONES);
    state = { ...state, nodes: state.nodes.map((node) => ({ ...node, pods: [], labels: { [ZONE_LABEL]: 'a' } })) };
  }
  expect(state.nodes.length).toBeLessThanOrEqual(3);
});
