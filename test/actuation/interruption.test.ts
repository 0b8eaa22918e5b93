import { describe, expect, it, onTestFinished } from 'vitest';
import { World } from './world.ts';

const rfc3339 = (timeMs: number) => new Date(timeMs).toISOString();

/** Three nodes of spot machines, one of which shows what it shows. */
async function afterwards(
  show: (nowMs: number) => { readonly sub: string; readonly change: Parameters<World['cluster']['request']>[2] },
) {
  const world = await World.create(() => 12, {}, { spot: true });
  onTestFinished(() => world.close());
  await world.minutes(6);
  const before = (await world.names()).nodes;
  const [name = ''] = before;
  const { sub, change } = show(world.cluster.nowMs());
  expect(world.cluster.request('PATCH', `/api/v1/nodes/${name}${sub}`, change).status).toBe(200);
  await world.minutes(6);
  return { name, before, ...(await world.names()), pods: world.cluster.summary().pods };
}

describe('a Node says that its machine goes, over the API', () => {
  it.each([
    [
      'its kubelet, when a spot machine is shut down',
      (nowMs: number) => {
        const ready = { type: 'Ready', status: 'False', lastTransitionTime: rfc3339(nowMs) };
        const because = { reason: 'KubeletNotReady', message: 'node is shutting down' };
        return { sub: '/status', change: { status: { conditions: [{ ...ready, ...because }] } } };
      },
    ],
    [
      'a termination handler, by its taint',
      (nowMs: number) => {
        const key = 'aws-node-termination-handler/spot-itn';
        const taint = { key, value: 'event-1', effect: 'NoSchedule', timeAdded: rfc3339(nowMs - 20_000) };
        return { sub: '', change: { spec: { taints: [taint] } } };
      },
    ],
  ])('%s: it is emptied and replaced within minutes, not after the 20 min of a repair', async (_who, show) => {
    const { name, before, machines, nodes, pods } = await afterwards(show);
    expect(before).toHaveLength(3);
    expect(nodes).not.toContain(name);
    expect(machines).toEqual(nodes);
    expect(nodes).toHaveLength(3);
    expect(pods).toMatchObject({ running: 12, pending: 0, terminating: 0 });
  });

  it('its kubelet, for another reason: it is waited for', async () => {
    const { name, nodes } = await afterwards((nowMs) => {
      const ready = { type: 'Ready', status: 'False', lastTransitionTime: rfc3339(nowMs) };
      const because = { reason: 'KubeletNotReady', message: 'PLEG is not healthy' };
      return { sub: '/status', change: { status: { conditions: [{ ...ready, ...because }] } } };
    });
    expect(nodes).toContain(name);
  });
});
