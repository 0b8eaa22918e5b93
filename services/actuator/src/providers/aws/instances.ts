import type { EC2, Filter, Instance } from '@aws-sdk/client-ec2';
import { ProviderError } from '../errors.ts';
import type { Machine } from '../port.ts';
import { answered } from './clients.ts';
import { NODE_TAG, POOL_TAG, REQUEST_TAG, tagValues } from './tags.ts';

const PAGE_SIZE = 1_000;
/** 100,000 machines; more is a mistake. */
const PAGES_MAX = 100;
/** EC2 takes so many values in a filter. */
const FILTER_VALUES_MAX = 200;

/** Of a machine that is not gone; one that stands still is there, and its disks cost money. */
const STATES: Readonly<Record<string, Machine['state']>> = {
  pending: 'starting',
  running: 'running',
  stopping: 'running',
  stopped: 'running',
  'shutting-down': 'terminating',
};
const NOT_GONE: Filter = { Name: 'instance-state-name', Values: Object.keys(STATES) };

/** An instance that EC2 shows; a terminated one is shown for about an hour. */
export interface ShownInstance {
  readonly id: string;
  readonly zone: string;
  readonly state: Machine['state'] | 'gone';
  readonly launchedMs: number;
  readonly privateDnsName: string;
  readonly tags: ReadonlyMap<string, string>;
  /** Why it is going; empty where it is not. */
  readonly reason: string;
}

/** The machines that fit the filter, without those that are gone. */
export async function describeMachines(
  ec2: EC2,
  filter: Filter,
  signal: AbortSignal,
): Promise<readonly ShownInstance[]> {
  return await describeInstances(ec2, [filter, NOT_GONE], signal);
}

/** All instances that fit the filters, however many pages they take. */
async function describeInstances(ec2: EC2, filters: readonly Filter[], signal: AbortSignal): Promise<ShownInstance[]> {
  const shown: ShownInstance[] = [];
  let NextToken: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const input = { Filters: [...filters], MaxResults: PAGE_SIZE, ...(NextToken && { NextToken }) };
    const answer = await answered(ec2.describeInstances(input, { abortSignal: signal }));
    for (const { Instances = [] } of answer.Reservations ?? []) shown.push(...Instances.map(asShown));
    NextToken = answer.NextToken;
    if (!NextToken) return shown;
  }
  throw new ProviderError('config', `more than ${PAGES_MAX} pages of ${PAGE_SIZE} machines`);
}

/** Those of the ids that EC2 shows. Asked for by filter: an id that is not known would fail the others. */
export async function describeById(
  ec2: EC2,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ShownInstance>> {
  const shown = new Map<string, ShownInstance>();
  for (let start = 0; start < ids.length; start += FILTER_VALUES_MAX) {
    const Values = ids.slice(start, start + FILTER_VALUES_MAX);
    for (const one of await describeInstances(ec2, [{ Name: 'instance-id', Values }], signal)) shown.set(one.id, one);
  }
  return shown;
}

function asShown(instance: Instance): ShownInstance {
  const { InstanceId: id = '', State, Placement, LaunchTime, PrivateDnsName, Tags, StateReason } = instance;
  const launchedMs = LaunchTime?.getTime() ?? Number.NaN;
  const zone = Placement?.AvailabilityZone ?? '';
  const name = State?.Name ?? '';
  if (id === '' || zone === '' || !Number.isFinite(launchedMs) || name === '')
    throw new ProviderError('transient', `unreadable answer: instance ${id}: zone ${zone}, state ${name}`);
  const state = STATES[name] ?? 'gone';
  const [privateDnsName, tags, reason] = [PrivateDnsName ?? '', tagValues(Tags), StateReason?.Code ?? ''];
  return { id, zone, state, launchedMs, privateDnsName, tags, reason };
}

/** What the node of an instance has as `spec.providerID`: as AWS' own cloud controller writes it. */
export function providerIdOf(zone: string, id: string): string {
  return `aws:///${zone}/${id}`;
}

/** `naming`: whether the node is called as we say, or as EC2 does. */
export function asMachine(one: ShownInstance, region: string, naming: 'forescale' | 'private-dns'): Machine[] {
  if (one.state === 'gone') return [];
  const tag = (key: string) => one.tags.get(key) ?? '';
  const machine = {
    id: one.id,
    providerId: providerIdOf(one.zone, one.id),
    requestId: tag(REQUEST_TAG),
    nodeName: naming === 'forescale' ? tag(NODE_TAG) : one.privateDnsName,
    pool: tag(POOL_TAG),
    state: one.state,
    createdMs: one.launchedMs,
    place: { provider: '', region },
    group: null,
  };
  return [machine];
}
