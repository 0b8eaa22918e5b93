import { afterEach, describe, expect, it } from 'vitest';
import { World } from './world.ts';

const open: World[] = [];
afterEach(async () => {
  for (const world of open.splice(0)) await world.close();
});

async function created(...args: Parameters<typeof World.create>): Promise<World> {
  const world = await World.create(...args);
  open.push(world);
  return world;
}

/** Twelve pods are three nodes, forty are ten. */
const hill = (minute: number) => (minute >= 10 && minute < 40 ? 40 : 12);

describe('actuation against the simulated cluster, over HTTP', () => {
  it('follows a hill of load up and down, and leaves nothing behind', async () => {
    const world = await created(hill);
    await world.minutes(9);
    expect((await world.names()).nodes).toHaveLength(3);
    await world.minutes(10);
    const top = await world.names();
    expect(top.nodes).toHaveLength(10);
    expect(top.machines).toEqual(top.nodes);
    expect(world.cluster.summary().pods).toMatchObject({ running: 40, pending: 0 });
    await world.minutes(120);
    const end = await world.names();
    expect(end.nodes.length).toBeLessThanOrEqual(4);
    expect(end.machines).toEqual(end.nodes);
    expect(world.cluster.summary().pods).toMatchObject({ running: 12, pending: 0, terminating: 0 });
    expect(await world.readiness.report()).toEqual({ ready: true, reasons: {} });
    const events = await world.store.query({ measurement: 'node', fields: ['event'], limit: 1_000 });
    const kinds = new Set(events.map((row) => row.fields.event));
    expect([...kinds].sort()).toEqual([
      ...['draining', 'launched', 'ready', 'registered', 'removed', 'requested', 'useful'],
    ]);
  });

  it('zone a has no machines: zone b is bought in the same minute', async () => {
    const world = await created(hill);
    for (const { id, zone } of world.cluster.cloud.offerings())
      if (zone === 'a') world.cluster.cloud.setCapacity(id, 1);
    await world.minutes(14);
    const zones = world.cluster.cloud.list().map((machine) => machine.offering.zone);
    expect(zones.filter((zone) => zone === 'a')).toHaveLength(1);
    expect(zones).toHaveLength(10);
    expect((await world.names()).nodes).toHaveLength(10);
  });

  it('answers lost, calls throttled, machines that never join, and a restart every few minutes: no node too many', async () => {
    const world = await created(hill, { cloud: { faults: { lost: 0.3, throttled: 0.2, neverRegisters: 0.05 } } });
    for (let i = 0; i < 15; i++) {
      await world.minutes(2);
      await world.restart();
    }
    world.cluster.cloud.faults.shares = {};
    await world.minutes(25);
    const requests = world.cluster.cloud.list().map((machine) => machine.requestId);
    expect(new Set(requests).size).toBe(requests.length);
    const { machines, nodes } = await world.names();
    expect(machines).toEqual(nodes);
    expect(world.cluster.summary().pods.pending).toBe(0);
  }, 60_000);

  it('the API server loses answers and fails: drains and starts go on when it is back', async () => {
    const world = await created(hill);
    await world.minutes(20);
    const { faults } = world.cluster;
    faults.add({ path: /^\/api/, share: 0.2, action: { kind: 'respond', status: 503 } });
    faults.add({ path: /^\/api/, share: 0.1, action: { kind: 'reset', when: 'after' } });
    await world.minutes(60);
    faults.clear();
    await world.minutes(40);
    const { machines, nodes } = await world.names();
    expect(machines).toEqual(nodes);
    expect(nodes.length).toBeLessThanOrEqual(4);
    expect(world.cluster.summary().pods).toMatchObject({ running: 12, pending: 0 });
  }, 60_000);

  it('a reclaimed machine is replaced, drained within its notice, and its Node deleted', async () => {
    const world = await created(() => 12);
    await world.minutes(6);
    const [machine] = world.cluster.cloud.list();
    const name = machine?.nodeName ?? '';
    world.cluster.cloud.reclaim(machine?.id ?? '');
    await world.minutes(6);
    const { machines, nodes } = await world.names();
    expect(nodes).not.toContain(name);
    expect(machines).toEqual(nodes);
    expect(nodes).toHaveLength(3);
    expect(world.cluster.summary().pods).toMatchObject({ running: 12, pending: 0 });
  });

  it('a machine at risk gets company and stays; taken back after all, nothing more is ordered', async () => {
    const root = ['policies: { always: { spot: { rebalance: true } } }'];
    const world = await created(() => 12, {}, { root });
    await world.minutes(6);
    const [machine] = world.cluster.cloud.list();
    world.cluster.cloud.recommendRebalance(machine?.id ?? '');
    await world.minutes(4);
    expect((await world.names()).nodes).toHaveLength(4);
    expect(world.cluster.request('GET', `/api/v1/nodes/${machine?.nodeName}`).body).not.toContain(
      '"unschedulable":true',
    );
    world.cluster.cloud.reclaim(machine?.id ?? '');
    await world.minutes(6);
    expect(world.cluster.summary().pods).toMatchObject({ running: 12, pending: 0 });
    expect(world.cluster.cloud.counts().created).toBe(4);
    const { machines, nodes } = await world.names();
    expect(nodes).toEqual(machines);
    expect(nodes).toHaveLength(3);
    expect(nodes).not.toContain(machine?.nodeName);
  });
});
