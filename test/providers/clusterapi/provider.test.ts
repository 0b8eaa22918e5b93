import type { MachineRequest } from '@forescale/actuator/providers';
import { afterEach, describe, expect, it } from 'vitest';
import { failureOf as capiFailure } from '../../../services/actuator/src/providers/clusterapi/failures.ts';
import { machineSchema } from '../../../services/actuator/src/providers/clusterapi/objects.ts';
import { CLUSTER, driven, failureOf, namesOf, pass, requestOf, signal } from '../driver.ts';
import { openClusterApi } from './endpoint.ts';

const MINUTE_MS = 60_000;
const MIN_SIZE = 'cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size';
const MAX_SIZE = 'cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size';
const [NAME = ''] = namesOf(1);

type Opened = Awaited<ReturnType<typeof openClusterApi>>;
let target: Opened;
afterEach(() => target.close());

const raise = (groupSize: number, change: Partial<MachineRequest> = {}) =>
  driven(target, target.provider.create(requestOf(target, NAME, target.onDemand, { groupSize, ...change }), signal()));
const list = () => driven(target, target.provider.list(CLUSTER, signal()));
const end = (id: string) => driven(target, target.provider.terminate(id, { provider: '', region: 'local' }, signal()));
const trim = (size: number) =>
  driven(
    target,
    target.provider.groups?.trim('machinedeployment/md-0', target.onDemand, size, signal()) ?? Promise.reject(),
  );
const annotate = (annotations: Record<string, string>) =>
  target.endpoint.patch('machinedeployments/md-0', { metadata: { annotations } });

async function grown(size: number, groups?: readonly object[]): Promise<readonly string[]> {
  target = await openClusterApi(groups);
  await raise(size);
  pass(target, 5 * MINUTE_MS);
  return (await list()).map(({ id }) => id);
}

/** Until it is gone, and the group at rest. */
async function gone(id: string): Promise<void> {
  for (let i = 0; i < 20 && (await end(id)) !== 'gone'; i++) pass(target, 5_000);
  pass(target, MINUTE_MS);
}

describe('provider clusterapi', () => {
  it('shows the members with the names and ids of their nodes', async () => {
    await grown(1);
    const [member] = await list();
    const [node] = [...target.endpoint.cluster.objects('nodes')];
    expect(member).toMatchObject({
      state: 'running',
      nodeName: node?.metadata.name,
      providerId: node?.spec.providerID,
      group: 'machinedeployment/md-0',
    });
  });

  it('removes the very members that are to go, also many at once, and after answers that were lost', async () => {
    const ids = await grown(6);
    const [a = '', b = '', c = ''] = ids;
    await Promise.all([a, b].map((id) => driven(target, target.provider.terminate(id, target.onDemand, signal()))));
    expect(target.endpoint.replicas).toBe(4);
    target.endpoint.cluster.faults.add({
      methods: ['PATCH'],
      path: /\/scale\?/,
      times: 1,
      action: { kind: 'reset', when: 'after' },
    });
    expect(await failureOf(end(c))).toMatchObject({ errorClass: 'transient' });
    for (const id of [a, b, c]) await gone(id);
    expect(target.endpoint.replicas).toBe(3);
    expect((await list()).map(({ id }) => id).sort()).toEqual(ids.filter((id) => ![a, b, c].includes(id)).sort());
  });

  it('that nobody knows its path does not say that a Machine is gone', async () => {
    const [first = ''] = await grown(1);
    const unknown = target.endpoint.cluster.faults.add({
      path: /\/machines(\/|\?)/,
      action: { kind: 'respond', status: 404 },
    });
    expect(await failureOf(end(first))).toMatchObject({ errorClass: 'config' });
    unknown.remove();
    await gone(first);
    expect(await end(first)).toBe('gone');
  });

  it('lowers no group that has yet to make what it was told to have', async () => {
    const [first = ''] = await grown(2);
    // No time passes: no Machine is made yet.
    const { provider, onDemand } = target;
    await provider.create(requestOf(target, NAME, onDemand, { groupSize: 4 }), signal());
    expect(await provider.terminate(first, onDemand, signal())).toBe('terminating');
    expect(target.endpoint.replicas).toBe(4);
    await gone(first);
    pass(target, 5 * MINUTE_MS);
    expect(await list()).toHaveLength(3);
  });

  it('counts off nobody else’s machine while the group grows', async () => {
    const [first = ''] = await grown(2);
    await raise(4);
    expect(await end(first)).toBe('terminating');
    pass(target, MINUTE_MS);
    await gone(first);
    expect(target.endpoint.replicas).toBe(3);
    expect((await list()).map(({ id }) => id)).not.toContain(first);
  });

  it('keeps to the bounds that the group’s annotations say', async () => {
    const [first = ''] = await grown(2);
    annotate({ [MIN_SIZE]: '2', [MAX_SIZE]: '3' });
    const { failures } = await raise(5);
    expect(failures.map(({ errorClass }) => errorClass)).toEqual(['quota', 'quota']);
    expect(target.endpoint.replicas).toBe(3);
    pass(target, MINUTE_MS);
    await trim(0);
    expect(target.endpoint.replicas).toBe(3);
    await gone(first);
    const [second = ''] = (await list()).map(({ id }) => id);
    expect(await failureOf(end(second))).toMatchObject({ errorClass: 'config', message: expect.stringContaining('2') });
  });

  it('takes back what has not been made, and no member', async () => {
    const ids = await grown(2);
    target.endpoint.sellOut();
    await raise(5);
    pass(target, MINUTE_MS);
    await trim(1);
    pass(target, MINUTE_MS);
    expect(target.endpoint.replicas).toBe(2);
    expect((await list()).map(({ id }) => id).sort()).toEqual([...ids].sort());
  });

  it('resizes a MachinePool in the same way', async () => {
    target = await openClusterApi([{ name: 'mp-0', kind: 'machine_pool', instance_type: 'small' }]);
    const template = { spec: { clusterName: 'c', infrastructureRef: { name: 'small' }, failureDomain: 'a' } };
    target.endpoint.post('machinepools', {
      metadata: { name: 'mp-0' },
      spec: { clusterName: 'c', replicas: 0, template },
    });
    await raise(2);
    pass(target, 5 * MINUTE_MS);
    const [first, second] = await list();
    expect(first?.group).toBe('machinepool/mp-0');
    await gone(first?.id ?? '');
    expect((await list()).map(({ id }) => id)).toEqual([second?.id]);
  });

  it.each([
    ['a group that is not there', 'md-1', undefined, 'there is no such group'],
    ['a group that is paused', 'md-0', { spec: { paused: true } }, 'is paused'],
  ])('says what is wrong with %s', async (_what, name, change, message) => {
    target = await openClusterApi([{ name, instance_type: 'small' }]);
    if (change) target.endpoint.patch('machinedeployments/md-0', change);
    expect(await failureOf(raise(1))).toMatchObject({
      errorClass: 'config',
      message: expect.stringContaining(message),
    });
  });

  it('is refused where a field is misspelt', async () => {
    target = await openClusterApi();
    const { endpoint } = target;
    const misspelt = { spec: { replica: 3 } };
    expect(() => endpoint.patch('machinedeployments/md-0', misspelt)).toThrow('spec.replica');
    expect(() => endpoint.patch('machinedeployments/md-0/scale?fieldValidation=Strict', misspelt)).toThrow(
      'spec.replica',
    );
  });
});

describe('provider clusterapi: why a Machine does not come', () => {
  const condition = (reason: string, message = '', rest: object = {}) => ({
    conditions: [{ type: 'InfrastructureReady', status: 'False', reason, message, ...rest }],
  });
  it.each<[status: object, errorClass: string | null]>([
    [{}, null],
    [condition('WaitingForInfrastructure', '0 of 1 completed'), null],
    [condition('NotReady'), null],
    [condition('WaitingForBootstrapData', '', { severity: 'Info' }), null],
    [condition('InstanceProvisionFailed', 'InsufficientInstanceCapacity: no m7g'), 'capacity'],
    [condition('VMProvisionFailed', 'QuotaExceeded: cores'), 'quota'],
    [condition('Waiting', 'VcpuLimitExceeded', { severity: 'Error' }), 'quota'],
    [{ failureReason: 'InsufficientResources', failureMessage: 'none left' }, 'capacity'],
    [{ failureReason: 'InvalidConfiguration', failureMessage: 'no such image' }, 'config'],
    [{ failureReason: 'CreateError' }, 'capacity'],
  ])('%j is %s', async (status, errorClass) => {
    target = await openClusterApi();
    const machine = machineSchema.parse({ metadata: { name: 'm' }, status });
    expect(capiFailure(machine)?.error.errorClass ?? null).toBe(errorClass);
  });
});
