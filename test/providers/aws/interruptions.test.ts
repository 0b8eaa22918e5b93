import { openProvider } from '@forescale/actuator/providers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLUSTER, driven, failureOf, namesOf, pass, requestOf, signal } from '../driver.ts';
import { rebalanceRecommendation, scheduledRetirement, spotWarning, stateChange } from './events.ts';
import type { Instance } from './instances.ts';
import { whyNoModels } from './service-model.ts';
import { type AwsTarget, openMachines } from './target.ts';

const MINUTE_MS = 60_000;

describe.skipIf(whyNoModels())('aws, notices out of the queue', () => {
  let target: AwsTarget;
  beforeEach(async () => {
    target = await openMachines();
  });
  afterEach(() => target.close());

  async function machine(name = namesOf(1)[0] ?? ''): Promise<Instance> {
    const request = requestOf(target, name, target.spot ?? target.onDemand);
    const { machines } = await driven(target, target.provider.create(request, signal()));
    pass(target, MINUTE_MS);
    const instance = target.endpoint.instances.get(machines[0]?.id ?? '');
    if (!instance) throw new Error('no machine');
    return instance;
  }
  const told = () => driven(target, target.provider.interruptions(CLUSTER, signal()));
  const send = (body: string) => target.endpoint.queues.send(target.endpoint.queueUrl, body);
  const left = () => target.endpoint.queues.bodies(target.endpoint.queueUrl);
  const nowMs = () => target.clock.nowMs();

  it('says when the machine goes, and keeps the message until it is gone', async () => {
    const { id, tags } = await machine();
    const atMs = Math.floor(nowMs() / 1_000) * 1_000;
    target.endpoint.interrupt(id, 'reclaim');
    const notice = { machineId: id, nodeName: tags.get('forescale:node'), kind: 'reclaim', atMs: atMs + 120_000 };
    expect(await told()).toEqual([notice]);
    pass(target, MINUTE_MS);
    expect(await told()).toEqual([notice]);
    expect(left()).toHaveLength(1);
    pass(target, 2 * MINUTE_MS);
    expect(await told()).toEqual([]);
    expect(left()).toEqual([]);
  });

  it('another process is told the same, a moment after this one has died', async () => {
    const { id } = await machine();
    target.endpoint.interrupt(id, 'reclaim');
    await told();
    const heir = await openProvider(target.config, { clock: target.clock, kube: null });
    const asked = () => driven(target, heir.interruptions(CLUSTER, signal()));
    expect(await asked()).toEqual([]);
    pass(target, 30_000);
    expect((await asked()).map(({ machineId }) => machineId)).toEqual([id]);
  });

  it('a rebalance recommendation is no more than that, and a reclaim comes before it', async () => {
    const { id } = await machine();
    target.endpoint.interrupt(id, 'rebalance');
    expect((await told()).map(({ kind }) => kind)).toEqual(['rebalance']);
    target.endpoint.interrupt(id, 'reclaim');
    expect((await told()).map(({ kind }) => kind)).toEqual(['reclaim']);
  });

  it('hundreds of recommendations that stay crowd out no warning', async () => {
    const instance = await machine();
    for (let i = 0; i < 250; i++) send(rebalanceRecommendation(instance, nowMs()));
    for (let i = 0; i < 3; i++) {
      await told();
      pass(target, MINUTE_MS);
    }
    target.endpoint.interrupt(instance.id, 'reclaim');
    const calls = target.endpoint.calls.length;
    expect((await told()).map(({ kind }) => kind)).toEqual(['reclaim']);
    expect(target.endpoint.calls.length - calls).toBeLessThan(10);
  });

  it('a call receives so many messages and no more', async () => {
    const instance = await machine();
    for (let i = 0; i < 250; i++) send(spotWarning(instance, nowMs()));
    await told();
    expect(target.endpoint.calls.filter(({ operation }) => operation === 'ReceiveMessage').length).toBe(10);
  });

  it('what ends by our own hand is no news; what AWS ends is', async () => {
    const [mine = '', theirs = ''] = namesOf(2);
    const [ours, other] = [await machine(mine), await machine(theirs)];
    await driven(target, target.provider.terminate(ours.id, target.onDemand, signal()));
    expect(await told()).toEqual([]);
    target.endpoint.instances.end(other, 'Server.SpotInstanceTermination', 'Spot instance termination');
    expect((await told()).map(({ machineId, kind }) => [machineId, kind])).toEqual([[other.id, 'reclaim']]);
    pass(target, 10 * MINUTE_MS);
    expect(await told()).toEqual([]);
    expect(left()).toEqual([]);
  });

  it('a machine that EC2 shows no more is gone, once it cannot only be too new', async () => {
    const instance = await machine();
    target.endpoint.instances.end(instance, 'Client.UserInitiatedShutdown', 'by a user');
    pass(target, 120 * MINUTE_MS);
    send(spotWarning(instance, nowMs()));
    expect(await told()).toEqual([]);
    expect(left()).toHaveLength(1);
    pass(target, 6 * MINUTE_MS);
    await told();
    expect(left()).toEqual([]);
  });

  it('a machine that is to be retired is taken for one that goes, whenever', async () => {
    const instance = await machine();
    const startMs = nowMs() + 14 * 24 * 60 * MINUTE_MS;
    send(scheduledRetirement(instance, nowMs(), startMs));
    const atMs = Math.floor(startMs / 1_000) * 1_000;
    expect(await told()).toEqual([expect.objectContaining({ machineId: instance.id, kind: 'reclaim', atMs })]);
  });

  it('messages about machines of others go at once', async () => {
    const stranger = target.endpoint.instances.get(target.endpoint.addStranger());
    if (!stranger) throw new Error('no stranger');
    send(spotWarning(stranger, nowMs()));
    expect(await told()).toEqual([]);
    expect(left()).toEqual([]);
  });

  it('a machine that is not shown yet may be ours still', async () => {
    target.endpoint.showAfterMs = 2 * MINUTE_MS;
    const { id } = await machine();
    target.endpoint.interrupt(id, 'rebalance');
    expect(await told()).toEqual([]);
    pass(target, MINUTE_MS);
    expect((await told()).map(({ machineId }) => machineId)).toEqual([id]);
  });

  it.each([
    ['no JSON', 'hello', /no JSON/],
    ['another event', '{"detail-type":"Object Created","time":"2026-03-02T00:00:00Z","detail":{}}', /Object Created/],
    ['no id', '{"detail-type":"EC2 Instance Rebalance Recommendation","time":"2026-03-02T00:00:00Z"}', /event|detail/],
    ['no time', '{"detail-type":"EC2 Spot Instance Interruption Warning","detail":{}}', /event\.time/],
  ])('%s: is told of once, and then deleted', async (_what, body, why) => {
    send(body);
    expect(await failureOf(told())).toMatchObject({ errorClass: 'config', message: expect.stringMatching(why) });
    expect(left()).toHaveLength(1);
    expect(await told()).toEqual([]);
    expect(left()).toEqual([]);
    expect(await told()).toEqual([]);
  });

  it('neither a message that cannot be read nor a queue that fails hides a warning', async () => {
    const { id } = await machine();
    target.endpoint.interrupt(id, 'reclaim');
    send('hello');
    expect((await told()).map(({ kind }) => kind)).toEqual(['reclaim']);
    target.endpoint.fail('read', 'throttled', 1);
    expect((await told()).map(({ kind }) => kind)).toEqual(['reclaim']);
    await driven(target, target.provider.terminate(id, target.onDemand, signal()));
    pass(target, 10 * MINUTE_MS);
    expect(await failureOf(told())).toMatchObject({ errorClass: 'config' });
    target.endpoint.fail('read', 'throttled', 1);
    expect(await failureOf(told())).toMatchObject({ errorClass: 'throttled' });
  });

  it('what an event says before EC2 shows it is not lost', async () => {
    const instance = await machine();
    send(stateChange({ ...instance, state: 'shutting-down' }, nowMs()));
    expect(await told()).toEqual([]);
    target.endpoint.instances.end(instance, 'Server.SpotInstanceTermination', 'Spot instance termination');
    expect((await told()).map(({ machineId }) => machineId)).toEqual([instance.id]);
  });

  it('a machine that starts is no news', async () => {
    const instance = await machine();
    send(stateChange(instance, nowMs()));
    await told();
    expect(left()).toEqual([]);
  });
});
