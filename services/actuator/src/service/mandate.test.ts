import { type Leadership, NotLeadingError } from '@forescale/shared/leadership';
import { StateConflictError } from '@forescale/shared/state';
import { ManualClock } from '@forescale/shared/time';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeCloud } from '../execute/fakes/fake-cloud.ts';
import { FakeCluster } from '../execute/fakes/fake-cluster.ts';
import { FakeState } from '../execute/fakes/fake-state.ts';
import { testPool } from '../execute/fakes/world.ts';
import { AuditLines } from './fakes/audit-lines.ts';
import { Mandate } from './mandate.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const { signal } = new AbortController();
const request = (requestId: string) => ({
  requestId,
  token: requestId,
  nodeName: requestId,
  clusterTag: 'c',
  pool: 'web',
  offering: testPool().offerings[0] as never,
  labels: {},
  taints: [],
  createdMs: 0,
  groupSize: 1,
});

/** Leads in the terms that a test says. */
class Told implements Leadership {
  readonly self = 'a';
  now: number | null = 3;
  outdated = -1;
  term = () => this.now;
  holder = () => 'b';
  outdate = (term: number) => {
    this.outdated = term;
  };
  start = () => {};
  stop = async () => {};
}

let cluster: FakeCluster;
let cloud: FakeCloud;
const PLACE = { provider: '', region: 'local' };

let state: FakeState;
let leadership: Told;
let mandate: Mandate;
let audited: AuditLines;
beforeEach(async () => {
  cluster = new FakeCluster();
  cloud = new FakeCloud(new ManualClock(0));
  state = new FakeState();
  leadership = new Told();
  audited = new AuditLines();
  mandate = new Mandate(leadership, state, audited);
  cluster.addNode({ name: 'n' });
  cluster.addPod({ name: 'p', nodeName: 'n' });
  await state.put('k', bytes('1'));
  await cloud.create(request('there'), signal);
  await mandate.renew();
});

const world = async () => ({
  nodes: [...cluster.nodes.values()],
  pods: [...cluster.pods.keys()],
  machines: cloud.running,
  keys: await state.keys(''),
  value: await state.get('k'),
});

describe('a mandate', () => {
  const changes: [what: string, change: () => Promise<unknown>][] = [
    ['changeNode', () => mandate.writer(cluster).changeNode('n', { unschedulable: true })],
    ['evictPod', () => mandate.writer(cluster).evictPod('default', 'p', 'uid-p', null)],
    ['deletePod', () => mandate.writer(cluster).deletePod('default', 'p', 'uid-p')],
    ['deleteNode', () => mandate.writer(cluster).deleteNode('n')],
    ['put', () => mandate.state(state).put('new', bytes('1'))],
    ['compareAndSet', () => mandate.state(state).compareAndSet('new', bytes('1'), 0)],
    ['delete', () => mandate.state(state).delete('k')],
    ['create', () => mandate.provider(cloud).create(request('new'), signal)],
    ['terminate', () => mandate.provider(cloud).terminate('m-1', PLACE, signal)],
  ];

  it.each(changes)('lets %s through in its term, and not in any other', async (_, change) => {
    const before = await world();
    for (const now of [null, 4]) {
      leadership.now = now;
      await expect(change()).rejects.toThrow('not done, b leads and this process may not act');
      expect(await world()).toEqual(before);
    }
    leadership.now = 3;
    await change();
    expect(await world()).not.toEqual(before);
  });

  it('writes down what was changed by whom, and what was not allowed any more', async () => {
    const [writer, provider] = [mandate.writer(cluster), mandate.provider(cloud)];
    await writer.evictPod('default', 'p', 'uid-p', null);
    await writer.changeNode('n', { unschedulable: true });
    await provider.create(request('new'), signal);
    await mandate.state(state).put('new', bytes('1'));
    leadership.now = null;
    await expect(writer.deleteNode('n')).rejects.toThrow();
    expect(audited.entries).toEqual([
      { action: 'evict pod', target: 'default/p', by: 'a', via: 'tick', outcome: 'done' },
      { action: 'change node', target: 'n', by: 'a', via: 'tick', outcome: 'done', after: '{"unschedulable":true}' },
      { action: 'create machine', target: 'new in web', by: 'a', via: 'tick', outcome: 'done' },
      {
        ...{ action: 'delete node', target: 'n', by: 'a', via: 'tick' },
        outcome: expect.stringContaining('not done, b leads'),
      },
    ]);
  });

  it('reads and tells without asking', async () => {
    leadership.now = null;
    expect(await mandate.state(state).get('k')).not.toBeNull();
    expect(await mandate.provider(cloud).find('there', PLACE, signal)).toHaveLength(1);
    const about = { kind: 'Node', name: 'n', uid: 'u', type: 'Normal', reason: 'R', message: 'm', timeMs: 0 } as const;
    await mandate.writer(cluster).createEvent(about);
    expect(cluster.events).toHaveLength(1);
  });

  it.each<[what: string, stored: object | null, term: number | null, outdated: number]>([
    ['nobody has acted yet', null, 3, -1],
    ['an earlier term', { term: 2, holder: 'b' }, 3, -1],
    ['this one', { term: 3, holder: 'a' }, 3, -1],
    ["another's of the same number: the Lease was made anew", { term: 3, holder: 'b' }, null, 3],
    ['a later one', { term: 9, holder: 'b' }, null, 9],
    ['what cannot be read counts as nothing', { term: 'x' }, 3, -1],
  ])('the bucket knows %s', async (_, stored, term, outdated) => {
    if (stored === null) await state.delete('leader');
    else await state.put('leader', bytes(JSON.stringify(stored)));
    expect(await mandate.renew()).toBe(term);
    expect(leadership.outdated).toBe(outdated);
    expect(mandate.held).toBe(term !== null);
  });

  it('is not held while the bucket cannot say', async () => {
    state.away = true;
    await expect(mandate.renew()).rejects.toThrow('the bucket is away');
    expect([mandate.held, mandate.lost]).toEqual([false, false]);
    state.away = false;
    await expect(mandate.writer(cluster).deleteNode('n')).rejects.toThrow(NotLeadingError);
  });

  it('overrides are taken while the bucket is asked for the newest term, or could not be, in a term once entered', async () => {
    const { get } = state;
    const asked = Promise.withResolvers<void>();
    state.get = async (key) => {
      await asked.promise;
      return await get.call(state, key);
    };
    const guarded = mandate.state(state);
    const renewed = mandate.renew();
    await guarded.put('override', bytes('1'));
    await expect(guarded.compareAndSet('memory', bytes('1'), 0)).rejects.toThrow(NotLeadingError);
    asked.reject(new Error('the bucket does not answer'));
    await expect(renewed).rejects.toThrow('the bucket does not answer');
    await guarded.delete('override');
    await expect(guarded.compareAndSet('memory', bytes('1'), 0)).rejects.toThrow(NotLeadingError);
    leadership.now = 4;
    await expect(guarded.put('override', bytes('1'))).rejects.toThrow(NotLeadingError);
  });

  it('what was written and not begun is taken back without it, unless somebody has written it since', async () => {
    const guarded = mandate.state(state);
    const revision = await guarded.compareAndSet('intent', bytes('1'), 0);
    const other = await guarded.compareAndSet('other', bytes('1'), 0);
    leadership.now = null;
    await state.put('other', bytes('2'));
    await guarded.delete('intent', revision);
    expect(await state.get('intent')).toBeNull();
    await expect(guarded.delete('other', other)).rejects.toThrow(StateConflictError);
  });

  it('is always held where nobody is elected', async () => {
    const alone = new Mandate(null, state, audited);
    expect(await alone.renew()).toBe(0);
    expect([alone.held, alone.lost]).toEqual([true, false]);
    await alone.writer(cluster).deleteNode('n');
    expect(cluster.nodes.size).toBe(0);
  });
});
