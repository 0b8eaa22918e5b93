import { POOL_LABEL } from '@forescale/shared/config';
import { seededRandom } from '@forescale/shared/time';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fault } from './fakes/fake-cloud.ts';
import { MINUTE_MS, ONE_TRY, testPool, World } from './fakes/world.ts';

function namesInCloud(world: World): string[] {
  return world.cloud.running.map((machine) => machine.nodeName).sort();
}

function recordedNames(world: World): string[] {
  return world.executor.records.map((record) => record.nodeName).sort();
}

async function ticks(world: World, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await world.tick();
}

async function withNodes(count: number): Promise<World> {
  const world = new World();
  world.desired = count;
  await ticks(world, 4);
  return world;
}
const firstName = (world: World) => world.executor.records[0]?.nodeName as string;

describe('execute: nodes come', () => {
  it('asks for every node of a plan at once, follows each to Ready, and asks for nothing more', async () => {
    const world = new World();
    world.cloud.latencyMs = 2_000;
    world.desired = 20;
    await world.tick();
    expect(world.cloud.inFlightMax).toBe(20);
    await ticks(world, 4);
    expect(world.cloud.madeByToken.size).toBe(20);
    expect(world.executor.records.every((record) => record.state === 'ready')).toBe(true);
    const ready = world.events.filter((event) => event.event === 'ready');
    expect(ready).toHaveLength(20);
    expect(ready.every((event) => Math.abs((event.seconds ?? 0) - 95) < 5)).toBe(true);
  });

  it('times every step of a start: launched, registered, Ready, and useful with the first pod of a workload', async () => {
    const world = new World();
    world.cloud.latencyMs = 2_000;
    world.desired = 1;
    await ticks(world, 3);
    const [nodeName] = recordedNames(world);
    world.cluster.addPod({ name: 'agent', nodeName: nodeName ?? null, ownerKind: 'DaemonSet' });
    world.cluster.addPod({ name: 'pulling', nodeName: nodeName ?? null, phase: 'Pending' });
    await world.tick();
    world.cluster.addPod({ name: 'web', nodeName: nodeName ?? null });
    await ticks(world, 2);
    const seconds = world.events.map((event) => [event.event, event.seconds && Math.round(event.seconds)]);
    // A tick looks for 2 s before it asks, which takes 2 s; machines boot for 90 s; the next tick is a minute later.
    expect(seconds).toEqual([
      ['requested', null],
      ['launched', 4],
      ['registered', 94],
      ['ready', 94],
      ['useful', 250],
    ]);
    const [record] = world.executor.records;
    const since = (timeMs: number | null | undefined) => Math.round(((timeMs ?? 0) - (record?.createdMs ?? 0)) / 1_000);
    expect([record?.launchedMs, record?.registeredMs, record?.readyMs, record?.usefulMs].map(since)).toEqual([
      4, 94, 94, 250,
    ]);
  });

  it('a machine whose answer was lost was launched when its provider says so', async () => {
    const world = new World();
    world.cloud.latencyMs = 2_000;
    world.cloud.visibilityMs = 10_000;
    world.desired = 1;
    world.cloud.fault = (call) => (call === 'create' ? 'lost' : null);
    await ticks(world, 2);
    const launched = world.events.filter((event) => event.event === 'launched');
    expect(launched.map((event) => Math.round(event.seconds ?? 0))).toEqual([4]);
  });

  it('without permission nothing is done', async () => {
    const world = new World();
    world.permission = 'nothing';
    world.desired = 3;
    await ticks(world, 3);
    expect(world.cloud.createTimesMs).toEqual([]);
    expect(world.executor.records).toEqual([]);
  });

  it.each(['capacity', 'quota', 'config', 'auth', 'throttled'] as const)(
    'a %s error is told at once and leaves neither record nor machine',
    async (errorClass) => {
      const world = new World();
      world.cloud.fault = (call) => (call === 'create' ? errorClass : null);
      world.desired = 2;
      await world.tick();
      expect(world.failures.map((failure) => [failure.stage, failure.errorClass])).toEqual([
        ['create', errorClass],
        ['create', errorClass],
      ]);
      expect(world.executor.records).toEqual([]);
      expect(await world.state.keys('')).toEqual([]);
    },
  );

  it('a call that was carried out although its answer was lost is found, not repeated', async () => {
    const world = new World();
    world.cloud.fault = (call) => (call === 'create' ? 'lost' : null);
    world.desired = 5;
    await ticks(world, 4);
    expect(world.cloud.createTimesMs).toHaveLength(5);
    expect(recordedNames(world)).toEqual(namesInCloud(world));
  });

  it('a call of which nobody knows is sent again at the next tick, with the same token', async () => {
    const world = new World();
    world.desired = 1;
    world.cloud.fault = (call) => (call === 'create' ? 'transient' : null);
    await world.tick();
    expect(world.executor.records.map((record) => record.state)).toEqual(['intended']);
    world.cloud.fault = () => null;
    await ticks(world, 3);
    expect(world.cloud.madeByToken.size).toBe(1);
    expect(world.executor.records.map((record) => record.state)).toEqual(['ready']);
  });

  it('a machine that is not shown yet after a lost answer is not made twice: its token says so', async () => {
    const world = new World();
    world.cloud.visibilityMs = 90_000;
    world.desired = 2;
    world.cloud.fault = (call) => (call === 'create' ? 'lost' : null);
    await world.tick();
    expect(world.executor.records.map((record) => record.state)).toEqual(['intended', 'intended']);
    world.cloud.fault = () => null;
    await ticks(world, 4);
    expect(world.cloud.createTimesMs).toHaveLength(4);
    expect(world.cloud.machines.size).toBe(2);
    expect(recordedNames(world)).toEqual(namesInCloud(world));
  });

  it.each(['throttled', 'auth', 'transient', 'fenced', 'capacity', 'quota', 'config'] as const)(
    'a machine that is shown later than a tick: its repeated call ends in %s, and in the end there is one node',
    async (errorClass) => {
      const world = new World();
      world.cloud.visibilityMs = 2.5 * MINUTE_MS;
      world.desired = 1;
      const faults: Fault[] = ['lost', errorClass];
      world.cloud.fault = (call) => (call === 'create' ? (faults.shift() ?? null) : null);
      await ticks(world, 2);
      await ticks(world, 6);
      expect(namesInCloud(world)).toHaveLength(1);
      expect(recordedNames(world)).toEqual(namesInCloud(world));
      const isRefused = ['capacity', 'quota', 'config'].includes(errorClass);
      expect(world.cloud.madeByToken.size).toBe(isRefused ? 2 : 1);
      expect(world.failures.map((failure) => failure.errorClass)).toEqual(isRefused ? [errorClass] : []);
    },
  );

  it('a repeated call that is not sent, since too many have failed, ends nothing', async () => {
    const world = new World(testPool(), { ...ONE_TRY, breaker: { failuresMax: 1, openMs: 2 * MINUTE_MS } });
    world.cloud.visibilityMs = 2.5 * MINUTE_MS;
    world.desired = 1;
    world.cloud.fault = (call) => (call === 'create' && world.cloud.createTimesMs.length === 1 ? 'lost' : null);
    await ticks(world, 6);
    expect(world.cloud.madeByToken.size).toBe(1);
    expect(recordedNames(world)).toEqual(namesInCloud(world));
  });

  it('a start that is taken back before its machine is shown: the machine is waited for and terminated', async () => {
    const world = new World();
    world.cloud.visibilityMs = 2.5 * MINUTE_MS;
    world.desired = 1;
    world.cloud.fault = (call) => (call === 'create' ? 'lost' : null);
    await world.tick();
    world.desired = 0;
    const cancel = { kind: 'cancel-start', requestId: firstName(world), why: 'not wanted' } as const;
    await world.tick(() => [cancel]);
    expect(world.executor.records.map((record) => record.state)).toEqual(['removing']);
    await ticks(world, 4);
    expect(world.cloud.running).toEqual([]);
    expect(world.executor.records).toEqual([]);
    expect(world.events.at(-1)?.event).toBe('removed');
  });

  it.each(['capacity', 'lost'] as const)(
    'a Node that is there before its machine is shown keeps its pods, though its repeated call ended in %s',
    async (fault) => {
      const world = new World();
      world.cloud.visibilityMs = 3.5 * MINUTE_MS;
      world.desired = 1;
      const faults: Fault[] = ['lost', fault];
      world.cloud.fault = (call) => (call === 'create' ? (faults.shift() ?? null) : null);
      await ticks(world, 2);
      const name = world.cloud.running[0]?.nodeName ?? '';
      expect(world.cluster.nodes.has(name)).toBe(true);
      world.cluster.addPod({ name: 'held', nodeName: name });
      world.cluster.budgeted.add('held');
      await ticks(world, 8);
      expect(world.cluster.deletedPods).toEqual([]);
      expect(world.cluster.nodes.has(name)).toBe(true);
      expect(recordedNames(world)).toEqual(namesInCloud(world));
    },
  );

  it('an intent that cannot be written is not sent', async () => {
    const world = new World();
    world.desired = 3;
    await world.tick(() => []);
    world.state.away = true;
    await world.tick();
    expect(world.cloud.createTimesMs).toEqual([]);
    world.state.away = false;
    await ticks(world, 3);
    expect(namesInCloud(world)).toHaveLength(3);
  });

  it('a machine that never registers is terminated after the time-out, verified, and its offering blamed', async () => {
    const world = new World(testPool({ registrationTimeoutMs: 5 * MINUTE_MS }));
    world.cloud.terminationMs = 2 * MINUTE_MS;
    world.neverRegisters = () => true;
    world.desired = 1;
    await world.tick();
    world.desired = 0;
    await ticks(world, 7);
    expect(world.failures.map((failure) => failure.stage)).toEqual(['boot']);
    expect(world.executor.records.map((record) => record.state)).toEqual(['removing']);
    await ticks(world, 2);
    expect(world.executor.records).toEqual([]);
    expect(world.cloud.machines.size).toBe(0);
    expect(world.events.at(-1)?.event).toBe('failed');
  });
});

describe('execute: nodes go', () => {
  it('cordons, evicts, deletes the Node and terminates the machine, in that order and each verified', async () => {
    const world = await withNodes(2);
    const name = firstName(world);
    world.cluster.addPod({ name: 'a', nodeName: name });
    world.cluster.addPod({ name: 'ds', nodeName: name, ownerKind: 'DaemonSet' });
    world.desired = 1;
    await world.tick();
    expect(world.cluster.nodes.get(name)).toMatchObject({
      unschedulable: true,
      labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': 'true' },
      taints: [{ key: 'forescale.dev/draining' }],
    });
    expect(world.cluster.pods.has('a')).toBe(false);
    expect(namesInCloud(world)).toContain(name);
    await ticks(world, 2);
    expect(world.cluster.nodes.has(name)).toBe(false);
    expect(namesInCloud(world)).not.toContain(name);
    expect(recordedNames(world)).toEqual(namesInCloud(world));
    expect(world.events.map((event) => event.event).slice(-2)).toEqual(['draining', 'removed']);
  });

  it('a pod that the scheduler bound while the node was cordoned is evicted too', async () => {
    const world = await withNodes(1);
    const name = firstName(world);
    world.desired = 0;
    await world.tick();
    world.cluster.addPod({ name: 'late', nodeName: name });
    await world.tick();
    expect(world.cluster.nodes.has(name)).toBe(true);
    expect(world.cluster.pods.has('late')).toBe(false);
    await world.tick();
    expect(world.cluster.nodes.has(name)).toBe(false);
    expect(world.cluster.deletedPods).toEqual([]);
  });

  it.each([
    ['a bare pod', { ownerKind: null }, 'has no controller that would restart it'],
    [
      'one that must not be disrupted',
      { annotations: { 'karpenter.sh/do-not-disrupt': 'true' } },
      'must not be disrupted',
    ],
    ['one that keeps data on the node', { localStorage: true }, 'keeps data on the node'],
  ])('%s that came while the node was cordoned ends the drain', async (_what, pod, why) => {
    const world = await withNodes(1);
    const name = firstName(world);
    world.desired = 0;
    await world.tick();
    world.cluster.addPod({ name: 'late', nodeName: name, ...pod });
    await world.tick(() => []);
    expect(world.cluster.pods.has('late')).toBe(true);
    expect(world.cluster.nodes.get(name)?.unschedulable).toBe(false);
    expect(world.executor.records[0]?.state).toBe('ready');
    expect(world.failures.map(({ stage, message }) => [stage, message])).toEqual([
      ['drain', `pod default/late ${why}`],
    ]);
  });

  it('the same pod does not hold up a node whose machine is taken back', async () => {
    const world = await withNodes(2);
    const machineId = world.executor.records[0]?.machineIds[0] ?? '';
    const name = firstName(world);
    world.cluster.addPod({ name: 'bare', nodeName: name, ownerKind: null });
    world.cloud.notices = [{ machineId, nodeName: name, kind: 'reclaim', atMs: world.clock.nowMs() + 2 * MINUTE_MS }];
    await ticks(world, 2);
    expect(world.cluster.pods.has('bare')).toBe(false);
  });

  it('a pod under a budget is asked again every tick, and leaves when the budget lets it', async () => {
    const world = await withNodes(1);
    world.cluster.addPod({ name: 'db', nodeName: firstName(world) });
    world.cluster.budgeted.add('db');
    world.desired = 0;
    await ticks(world, 4);
    expect(world.cluster.pods.has('db')).toBe(true);
    expect(world.executor.records[0]?.state).toBe('draining');
    world.cluster.budgeted.clear();
    await ticks(world, 3);
    expect(world.executor.records).toEqual([]);
    expect(world.cluster.deletedPods).toEqual([]);
  });

  it('a budget that never yields ends the drain: the node serves again, and planning hears of it', async () => {
    const world = await withNodes(1);
    const name = firstName(world);
    world.cluster.addPod({ name: 'db', nodeName: name });
    world.cluster.budgeted.add('db');
    world.desired = 0;
    await ticks(world, 11);
    expect(world.failures.map((failure) => [failure.stage, failure.nodeName])).toEqual([['drain', name]]);
    expect(world.cluster.nodes.get(name)).toMatchObject({ unschedulable: false, labels: {}, taints: [] } as object);
    expect(world.cluster.pods.has('db')).toBe(true);
  });

  it('a drain is taken back', async () => {
    const world = await withNodes(1);
    const name = firstName(world);
    world.cluster.addPod({ name: 'db', nodeName: name });
    world.cluster.budgeted.add('db');
    world.desired = 0;
    await world.tick();
    await world.tick(() => [{ kind: 'cancel-drain', nodeName: name, why: 'needed again' }]);
    expect(world.executor.records[0]?.state).toBe('ready');
    expect(world.cluster.nodes.get(name)?.unschedulable).toBe(false);
  });

  it('paused: an unfinished drain rests, a node that is on its way out goes', async () => {
    const world = await withNodes(2);
    const name = firstName(world);
    world.cluster.addPod({ name: 'db', nodeName: name });
    world.cluster.budgeted.add('db');
    world.desired = 1;
    await world.tick();
    world.cluster.budgeted.clear();
    world.permission = 'finish';
    await ticks(world, 2);
    expect(world.cluster.pods.has('db')).toBe(true);
    world.permission = 'all';
    world.cloud.terminationMs = 3 * MINUTE_MS;
    await ticks(world, 2);
    world.permission = 'finish';
    await ticks(world, 4);
    expect(recordedNames(world)).toEqual(namesInCloud(world));
    expect(world.executor.records).toHaveLength(1);
  });

  it('a drain whose deadline passed during a pause gives its node back without evicting anybody', async () => {
    const world = await withNodes(2);
    const name = firstName(world);
    world.cluster.addPod({ name: 'web-1', nodeName: name });
    world.cluster.addPod({ name: 'db', nodeName: name });
    world.cluster.budgeted.add('db').add('web-1');
    world.desired = 1;
    await world.tick();
    world.permission = 'finish';
    await ticks(world, Math.ceil(world.pool.scaleDown.drainGraceMs / MINUTE_MS) + 1);
    world.cluster.budgeted.delete('web-1');
    world.permission = 'all';
    world.desired = 2;
    await world.tick();
    expect(world.cluster.pods.has('web-1')).toBe(true);
    expect(world.cluster.nodes.get(name)).toMatchObject({ unschedulable: false, taints: [] });
    expect(world.failures.map(({ stage, message }) => `${stage}: ${message}`)).toEqual([
      'drain: not emptied by its deadline: default/web-1, default/db',
    ]);
  });

  it('withdrawn: drains are taken back, removals and starts that came to nothing are finished, nothing begins', async () => {
    const world = await withNodes(3);
    const [drained, removed, kept] = recordedNames(world);
    world.cluster.addPod({ name: 'db', nodeName: drained as string });
    world.cluster.budgeted.add('db');
    world.cloud.terminationMs = 3 * MINUTE_MS;
    await world.tick(() =>
      [drained, removed].map((nodeName) => ({ kind: 'drain', nodeName: nodeName as string, why: 'x', force: false })),
    );
    world.neverRegisters = () => true;
    await world.tick(() => [{ kind: 'create', offering: world.offering(), count: 1, why: 'wanted' }]);
    expect(world.executor.records.map(({ state }) => state).sort()).toEqual([
      'draining',
      'ready',
      'removing',
      'requested',
    ]);
    world.permission = 'withdraw';
    world.desired = 9;
    await world.tick();
    expect(world.cluster.nodes.get(drained as string)).toMatchObject({ unschedulable: false, taints: [] });
    expect(world.cluster.pods.has('db')).toBe(true);
    await ticks(world, 20);
    expect(recordedNames(world)).toEqual([drained, kept].sort());
    expect(namesInCloud(world)).toEqual([drained, kept].sort());
    expect(world.executor.records.map(({ state }) => state)).toEqual(['ready', 'ready']);
  });

  it('a reclaimed machine is emptied at once, replaced, and its Node and stranded pods are cleared away', async () => {
    const world = await withNodes(2);
    const record = world.executor.records[0];
    const name = firstName(world);
    const machineId = record?.machineIds[0] as string;
    world.cluster.addPod({ name: 'web-1', nodeName: name });
    world.cluster.addPod({ name: 'db', nodeName: name });
    world.cluster.budgeted.add('db');
    const atMs = world.clock.nowMs() + 2 * MINUTE_MS;
    world.cloud.notices = [{ machineId, nodeName: name, kind: 'reclaim', atMs }];
    await world.tick();
    expect(world.cluster.pods.has('web-1')).toBe(false);
    expect(world.events.filter((event) => event.event === 'interrupted')).toHaveLength(1);
    expect(world.failures.map((failure) => failure.stage)).toEqual(['interrupted']);
    expect(world.cloud.running).toHaveLength(3);
    await world.tick();
    world.cloud.reclaim(machineId);
    await ticks(world, 3);
    expect(world.cluster.nodes.has(name)).toBe(false);
    expect(world.cluster.pods.has('db')).toBe(false);
    expect(recordedNames(world)).toEqual(namesInCloud(world));
  });

  it('a provider that tells of times in fractions of a millisecond leaves a journal that can be read', async () => {
    const world = await withNodes(2);
    const [first, second] = world.executor.records.map((record) => record.machineIds[0] as string);
    const lost = world.cloud.machines.get(second as string);
    if (lost) world.cloud.machines.set(lost.id, { ...lost, createdMs: lost.createdMs + 0.5 });
    world.state.lose();
    world.start();
    const atMs = world.clock.nowMs() + 2 * MINUTE_MS + 0.25;
    world.cloud.notices = [{ machineId: first as string, nodeName: firstName(world), kind: 'reclaim', atMs }];
    await ticks(world, 2);
    world.start();
    await world.tick();
    expect(recordedNames(world)).toEqual(namesInCloud(world));
  });

  it('a node whose machine vanished is deleted, and replaced', async () => {
    const world = await withNodes(2);
    const name = firstName(world);
    world.cloud.reclaim(world.executor.records[0]?.machineIds[0] as string);
    await ticks(world, 6);
    expect(world.cluster.nodes.has(name)).toBe(false);
    expect(world.executor.records.filter((record) => record.state === 'ready')).toHaveLength(2);
  });
});

describe('execute: beside another that has taken over', () => {
  const step = (world: World, executor: World['executor']) =>
    world.driven(
      world.cluster
        .read(world.clock.nowMs())
        .then((cluster) => executor.settle('cluster-1', cluster, 'all', world.clock.nowMs())),
    );

  it('a node that it closed again, for a drain that the other took back, is opened again', async () => {
    const world = await withNodes(2);
    const name = firstName(world);
    world.cluster.addPod({ name: 'web-1', nodeName: name });
    world.cluster.budgeted.add('web-1');
    world.desired = 1;
    await world.tick();
    const stale = world.executor;
    world.start();
    world.desired = 2;
    await world.tick(() => [{ kind: 'cancel-drain', nodeName: name, why: 'wanted again' }]);
    expect(world.cluster.nodes.get(name)?.unschedulable).toBe(false);
    await step(world, stale);
    await ticks(world, 3);
    expect(world.cluster.nodes.get(name)).toMatchObject({
      unschedulable: false,
      taints: [],
      labels: { [POOL_LABEL]: 'web' },
    });
  });

  it('an intent that it left behind is found by the other, and given up in its time', async () => {
    const world = await withNodes(1);
    const [record] = world.executor.records;
    const stray = { ...record, requestId: 'stray', nodeName: 'stray', state: 'intended', machineIds: [] };
    await world.state.put('node.web.stray', new TextEncoder().encode(JSON.stringify(stray)));
    world.cloud.fault = (call) => (call === 'create' ? 'conflict' : null);
    await ticks(world, 24);
    expect(await world.state.keys('node.')).toEqual([`node.web.${firstName(world)}`]);
  });

  it('an intent that is taken up cannot be taken back any more by the process that wrote it', async () => {
    const world = new World();
    world.desired = 1;
    world.cloud.fault = (call) => (call === 'create' ? 'transient' : null);
    await world.tick();
    const key = `node.web.${firstName(world)}`;
    const { revision } = (await world.state.get(key)) ?? { revision: 0 };
    const outcomes: Promise<string>[] = [];
    world.cloud.fault = (call) => {
      if (call === 'create')
        outcomes.push(
          world.state.delete(key, revision).then(
            () => 'taken back',
            () => 'kept',
          ),
        );
      return null;
    };
    await world.tick();
    expect(await Promise.all(outcomes)).toEqual(['kept']);
    expect(recordedNames(world)).toEqual(namesInCloud(world));
  });

  it('an intent that the other has written late, and could not take back, is found and settled', async () => {
    const world = await withNodes(1);
    const [known] = world.executor.records;
    const late = { ...known, requestId: 'web-late', nodeName: 'web-late', state: 'intended', machineIds: [] };
    const createdMs = world.clock.nowMs() - 20 * MINUTE_MS;
    await world.state.put('node.web.web-late', new TextEncoder().encode(JSON.stringify({ ...late, createdMs })));
    await ticks(world, 10);
    expect(await world.state.keys('node.web.')).toHaveLength(1);
  });

  it('it does not ask again for a machine that the other has given up', async () => {
    const world = new World();
    world.cloud.fault = (call) => (call === 'create' ? 'conflict' : null);
    await world.tick(() => [{ kind: 'create', offering: world.offering(), count: 1, why: 'wanted' }]);
    const stale = world.executor;
    world.start();
    await world.tick((executor) => [
      { kind: 'cancel-start', requestId: executor.records[0]?.requestId ?? '', why: 'not wanted' },
    ]);
    await ticks(world, 3);
    expect(world.executor.records).toEqual([]);
    world.cloud.fault = () => null;
    await step(world, stale);
    expect(world.cloud.madeByToken.size).toBe(0);
  });
});

describe('execute: crashes and faults', () => {
  it('killed at any step while nodes come and go: none is made twice, none is orphaned', async () => {
    let steps = 0;
    for (let killAt = 1; killAt <= 400; killAt++) {
      const world = new World();
      world.start(killAt);
      const gate = world.state.gate;
      world.desired = 3;
      await ticks(world, 5);
      world.desired = 1;
      await ticks(world, 7);
      // A process that died in the last tick leaves one more to its successor.
      if (gate.dead) await ticks(world, 2);
      steps = gate.passed;
      const what = `killed at step ${killAt}`;
      expect(world.cloud.madeByToken.size, what).toBe(3);
      expect(namesInCloud(world), what).toHaveLength(1);
      expect(recordedNames(world), what).toEqual(namesInCloud(world));
      expect([...world.cluster.nodes.keys()].sort(), what).toEqual(namesInCloud(world));
      if (!gate.dead) break;
    }
    expect(steps).toBeGreaterThan(50);
    expect(steps).toBeLessThan(400);
  });

  it('under any mix of faults: one machine per request, and in the end just those that are wanted', async () => {
    const classes: Fault[] = ['capacity', 'throttled', 'transient', 'lost', 'conflict'];
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: 1, max: 12 }),
        fc.double({ min: 0, max: 0.6, noNaN: true }),
        async (seed, desired, rate) => {
          const world = new World(testPool(), { ...ONE_TRY, retriesMax: 2 }, seed);
          const chance = seededRandom(seed);
          world.cloud.latencyMs = 500;
          world.cloud.terminationMs = MINUTE_MS;
          world.cloud.visibilityMs = chance.below(2) * 90_000;
          world.cloud.fault = () => (chance.next() < rate ? (classes[chance.below(classes.length)] ?? null) : null);
          world.desired = desired;
          await ticks(world, 8);
          world.start(1 + chance.below(60));
          world.desired = Math.floor(desired / 2);
          await ticks(world, 8);
          world.cloud.fault = () => null;
          await ticks(world, 40);
          const requests = [...world.cloud.madeByToken.values()].map((machine) => machine.requestId);
          expect(new Set(requests).size).toBe(requests.length);
          expect(namesInCloud(world)).toHaveLength(world.desired);
          expect(recordedNames(world)).toEqual(namesInCloud(world));
          expect([...world.cluster.nodes.keys()].sort()).toEqual(namesInCloud(world));
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  it('machines that nobody knows go after their grace, few at a time, and never on an empty journal', async () => {
    const world = new World();
    const signal = new AbortController().signal;
    const create = (name: string) =>
      world.driven(
        world.cloud.create(
          {
            requestId: name,
            token: name,
            nodeName: name,
            clusterTag: 'cluster-1',
            pool: 'web',
            offering: world.offering(),
            labels: {},
            taints: [],
          },
          signal,
        ),
      );
    world.neverRegisters = (name) => name.startsWith('stray');
    for (let i = 0; i < 7; i++) await create(`stray-${i}`);
    await ticks(world, 40);
    expect(world.cloud.running).toHaveLength(7);
    world.desired = 1;
    await ticks(world, 6);
    expect(world.cloud.running).toHaveLength(3);
    await ticks(world, 6);
    expect(recordedNames(world)).toEqual(namesInCloud(world));
  });

  it('machines are listed again after the clock was set back by an hour', async () => {
    const world = await withNodes(2);
    let listed = 0;
    world.cloud.fault = (call) => {
      if (call === 'list') listed++;
      return null;
    };
    const backMs = world.clock.nowMs() - 60 * MINUTE_MS;
    await world.driven(world.executor.look('cluster-1', backMs));
    expect(listed).toBe(1);
  });

  it('a journal that was lost is rebuilt from the nodes that serve', async () => {
    const world = new World();
    world.desired = 3;
    await ticks(world, 4);
    world.state.lose();
    world.start();
    await world.tick(() => []);
    expect(recordedNames(world)).toEqual(namesInCloud(world));
    expect(world.executor.records.every((record) => record.state === 'ready')).toBe(true);
  });

  it('an entry that could not be read is never written, and its machine never asked for', async () => {
    const world = new World();
    const offering = { ...world.offering(), usdPerHour: Number.NaN };
    await world.tick(() => [{ kind: 'create', offering, count: 1, why: 'wanted' }]);
    expect(await world.state.keys('')).toEqual([]);
    expect(world.cloud.createTimesMs).toEqual([]);
    expect(world.troubles.join()).toContain('offering.usdPerHour');
  });

  it('an entry that cannot be read stops everything', async () => {
    const world = new World();
    await world.state.put('node.web.x', new TextEncoder().encode('{"requestId":"x"}'));
    world.desired = 1;
    await expect(world.tick()).rejects.toThrow('journal entry node.web.x cannot be read');
    expect(world.cloud.createTimesMs).toEqual([]);
  });
});
