import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLUSTER, driven, failureOf, namesOf, pass, requestOf, signal } from '../driver.ts';
import { whyNoModels } from './service-model.ts';
import { type AwsTarget, openGroups } from './target.ts';

const MINUTE_MS = 60_000;
const [NAME = ''] = namesOf(1);
const GROUP = 'us-east-1/web';

describe.skipIf(whyNoModels())('aws, in groups', () => {
  let target: AwsTarget;
  beforeEach(async () => {
    target = await openGroups();
  });
  afterEach(() => target.close());

  const raise = (groupSize: number, createdMs = target.clock.nowMs()) =>
    driven(
      target,
      target.provider.create(requestOf(target, NAME, target.onDemand, { groupSize, createdMs }), signal()),
    );
  const members = () => driven(target, target.provider.list(CLUSTER, signal()));
  const sets = () => target.endpoint.calls.filter(({ operation }) => operation === 'SetDesiredCapacity');

  it('sets an absolute size, and minds no cooldown', async () => {
    await raise(3);
    expect(sets().map(({ input }) => input)).toEqual([
      { AutoScalingGroupName: 'web', DesiredCapacity: 3, HonorCooldown: false },
    ]);
    pass(target, MINUTE_MS);
    const made = await members();
    expect(made).toHaveLength(3);
    for (const one of made) {
      expect(one).toMatchObject({ group: GROUP, pool: '', requestId: '', state: 'running' });
      expect(one.nodeName).toMatch(/^ip-10-0-\d+-\d+\.us-east-1\.compute\.internal$/);
      expect(one.providerId).toBe(`aws:///us-east-1a/${one.id}`);
    }
  });

  it('goes as far as MaxSize, and says of the rest that the group may not be as large', async () => {
    const { failures } = await raise(32);
    expect(failures.map(({ errorClass, message }) => [errorClass, message])).toEqual([
      ['quota', 'auto scaling group web: MaxSize is 30, and 32 are asked for'],
      ['quota', 'auto scaling group web: MaxSize is 30, and 32 are asked for'],
    ]);
    expect(target.endpoint.scaling.desired('web')).toBe(30);
  });

  it('a member is ended once, however often that is asked for', async () => {
    await raise(3);
    pass(target, MINUTE_MS);
    const [first] = await members();
    if (!first) throw new Error('no member');
    const end = () => driven(target, target.provider.terminate(first.id, first.place, signal()));
    expect(await end()).toBe('terminating');
    expect(await end()).toBe('terminating');
    expect(target.endpoint.scaling.desired('web')).toBe(2);
    pass(target, MINUTE_MS);
    expect(await end()).toBe('gone');
    expect(await members()).toHaveLength(2);
  });

  it('an instance of no group is not gone while EC2 shows it', async () => {
    const stranger = target.endpoint.addStranger();
    const error = await failureOf(driven(target, target.provider.terminate(stranger, target.onDemand, signal())));
    expect(error).toMatchObject({
      errorClass: 'config',
      message: `${stranger} is of no auto scaling group, and is there: look for it in EC2`,
    });
    expect(target.endpoint.running()).toEqual([stranger]);
  });

  it('trims what has not come, and no member', async () => {
    await raise(2);
    pass(target, MINUTE_MS);
    target.endpoint.sellOut(target.onDemand);
    await raise(5);
    const { groups } = target.provider;
    await driven(target, groups?.trim(GROUP, target.onDemand, 0, signal()) ?? Promise.resolve());
    expect(target.endpoint.scaling.desired('web')).toBe(2);
    await driven(target, groups?.trim(GROUP, target.onDemand, 4, signal()) ?? Promise.resolve());
    expect(target.endpoint.scaling.desired('web')).toBe(2);
  });

  it('a quota is known by what the group says of its launches', async () => {
    target.endpoint.fail('create', 'quota', 1);
    const sinceMs = target.clock.nowMs();
    await raise(1, sinceMs);
    pass(target, MINUTE_MS);
    const { failures } = await raise(1, sinceMs);
    expect(failures).toEqual([expect.objectContaining({ errorClass: 'quota' })]);
    expect(failures[0]?.message).toContain('VcpuLimitExceeded');
  });

  it('a group that has failed, and launches again, has not failed', async () => {
    const sinceMs = target.clock.nowMs();
    target.endpoint.showAfterMs = 10 * MINUTE_MS;
    target.endpoint.fail('create', 'capacity', 1);
    await raise(1, sinceMs);
    pass(target, MINUTE_MS);
    expect((await raise(1, sinceMs)).failures).toHaveLength(1);
    await raise(2, sinceMs);
    pass(target, MINUTE_MS);
    expect(await members()).toEqual([]);
    expect((await raise(2, sinceMs)).failures).toEqual([]);
  });

  it('a failure within the second of the request is its own', async () => {
    target.clock.advanceTo(target.clock.nowMs() + 700);
    target.endpoint.sellOut(target.onDemand);
    const sinceMs = target.clock.nowMs();
    await target.provider.create(requestOf(target, NAME, target.onDemand, { createdMs: sinceMs }), signal());
    target.clock.advanceTo(sinceMs + 100);
    target.endpoint.step();
    expect((await raise(1, sinceMs)).failures).toEqual([expect.objectContaining({ errorClass: 'capacity' })]);
  });

  it('names the group that sells an offering, and refuses what none sells', async () => {
    const { groups } = target.provider;
    expect(groups?.groupOf(target.onDemand)).toBe(GROUP);
    expect(groups?.groupOf(target.spot ?? target.onDemand)).toBe('us-east-1/web-spot');
    expect(groups?.groupOf({ ...target.onDemand, instanceType: 'm6i.xlarge' })).toBeNull();
    const offering = { ...target.onDemand, region: 'eu-west-1' };
    const error = await failureOf(target.provider.create(requestOf(target, NAME, offering), signal()));
    expect(error).toMatchObject({ errorClass: 'config', message: expect.stringContaining('one that groups sell') });
  });

  it('a group that is not there fails the listing: its members would be taken for gone', async () => {
    const other = await openGroups({
      groups: [
        { name: 'web', region: 'us-east-1', instance_types: ['m6i.large'] },
        { name: 'gone', region: 'us-east-1', instance_types: ['m6i.xlarge'] },
      ],
    });
    try {
      const error = await failureOf(driven(other, other.provider.list(CLUSTER, signal())));
      expect(error.message).toBe('there is no auto scaling group gone in us-east-1');
    } finally {
      await other.close();
    }
  });
});
