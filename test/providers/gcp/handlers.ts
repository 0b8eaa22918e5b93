import type { ManualClock } from '@forescale/shared/time';
import { type CloudOperation, type GcpCloud, instanceView, operationView, PROJECT, ZONES } from './cloud.ts';
import type { Call } from './facts.ts';
import type { InstanceBody } from './insertion.ts';
import type { ManagedGroup } from './managed-groups.ts';
import { invalid, notFound } from './refusals.ts';

/** What the answers are made of. */
export interface Answers {
  readonly cloud: GcpCloud;
  readonly groups: ReadonlyMap<string, ManagedGroup>;
  readonly nodePools: ReadonlyMap<string, { readonly groups: readonly ManagedGroup[]; readonly isAutoscaled: boolean }>;
  readonly clock: ManualClock;
  readonly showAfterMs: number;
  readonly pageSize: number;
  readonly unreachable: string | null;
  readonly tellsUnreachable: 'both' | 'whole' | 'scope';
  readonly hidesFromLists: boolean;
  readonly withheld: ReadonlySet<string>;
}

const WAIT_MS_MAX = 120_000;
const PAGE_MAX = 500;

/** The body of the answer; throws `Refused`. `gone` aborts when nobody waits for it any more. */
export async function answerTo(call: Call, world: Answers, gone: AbortSignal): Promise<object> {
  const [, service = '', name = ''] = call.method.split('.');
  if (service === 'instances') return instances(name, call, world);
  if (service.endsWith('Operations')) return await operations(name, call, world, gone);
  if (service.toLowerCase().endsWith('instancegroupmanagers')) return groups(name, call, world);
  if (service === 'clusterManager') return nodePool(call, world);
  const { permissions } = call.body as { readonly permissions: readonly string[] };
  return { permissions: permissions.filter((one) => !world.withheld.has(one)) };
}

function instances(name: string, { path, query, body }: Call, world: Answers): object {
  const { cloud, clock, showAfterMs } = world;
  const nowMs = clock.nowMs();
  const { zone = '', instance = '' } = path;
  if (name === 'insert') return operationView(cloud.insert(zone, body as InstanceBody, query.requestId, nowMs), nowMs);
  if (name === 'delete') return operationView(cloud.delete(zone, instance, nowMs), nowMs);
  if (name === 'aggregatedList') return aggregated(query, world);
  const found = cloud.at(zone, instance, nowMs);
  if (!found || nowMs < found.createdMs + showAfterMs)
    throw notFound(`projects/${PROJECT}/zones/${zone}/instances/${instance}`);
  return instanceView(found, nowMs);
}

/** Every scope is on every page; one that has nothing there says so in a warning. */
function aggregated(query: Call['query'], world: Answers): object {
  const { cloud, clock, showAfterMs, unreachable, tellsUnreachable } = world;
  const nowMs = clock.nowMs();
  const lagMs = world.hidesFromLists ? Number.POSITIVE_INFINITY : showAfterMs;
  const all = cloud.instancesWhere(query.filter, nowMs, lagMs).filter(({ zone }) => zone !== unreachable);
  const page = pageOf(all, query, world);
  const items = ZONES.map((zone) => {
    const own = page.items.filter((one) => one.zone === zone);
    if (own.length > 0) return [`zones/${zone}`, { instances: own.map((one) => instanceView(one, nowMs)) }];
    const isTold = zone === unreachable && tellsUnreachable !== 'whole';
    const code = isTold ? 'UNREACHABLE' : 'NO_RESULTS_ON_PAGE';
    return [`zones/${zone}`, { warning: { code, message: `There is nothing of scope 'zones/${zone}' on this page.` } }];
  });
  return {
    ...{ kind: 'compute#instanceAggregatedList', id: `projects/${PROJECT}/aggregated/instances` },
    items: Object.fromEntries(items),
    ...page.next,
    ...(unreachable !== null && tellsUnreachable !== 'scope' && { unreachables: [`zones/${unreachable}`] }),
  };
}

async function operations(name: string, call: Call, world: Answers, gone: AbortSignal): Promise<object> {
  const { cloud, clock } = world;
  const { zone, region, operation = '' } = call.path;
  const scope = zone === undefined ? `regions/${region}` : `zones/${zone}`;
  if (name === 'list') {
    const page = pageOf(cloud.operationsWhere(scope, call.query.filter), call.query, world);
    const items = page.items.map((one) => operationView(one, clock.nowMs()));
    return { kind: 'compute#operationList', items, ...page.next };
  }
  const found: CloudOperation | undefined = cloud.operations.get(`${scope}/${operation}`);
  if (!found) throw notFound(`projects/${PROJECT}/${scope}/operations/${operation}`);
  await clock.sleep(Math.min(WAIT_MS_MAX, found.endMs - clock.nowMs()), gone);
  return operationView(found, clock.nowMs());
}

function groups(name: string, { path, query, body }: Call, world: Answers): object {
  const { clock, showAfterMs } = world;
  const nowMs = clock.nowMs();
  const location = path.zone ?? path.region;
  const group = world.groups.get(`${location}/${path.instance_group_manager}`);
  if (!group)
    throw notFound(`projects/${PROJECT}/zones/${location}/instanceGroupManagers/${path.instance_group_manager}`);
  if (name === 'get') return group.view();
  if (name === 'resize') {
    const size = Number(query.size);
    if (query.size === undefined || !Number.isInteger(size) || size < 0 || size > 1_000)
      throw invalid(`Invalid value for field 'size': '${query.size}'.`);
    return operationView(group.resize(size, nowMs), nowMs);
  }
  if (name === 'deleteInstances') {
    const asked = body as { readonly instances: readonly string[]; readonly skipInstancesOnValidationError?: boolean };
    const skips = asked.skipInstancesOnValidationError ?? false;
    return operationView(group.deleteInstances(asked.instances, skips, nowMs), nowMs);
  }
  if (name === 'listErrors') {
    const page = pageOf(group.errorViews(), query, world);
    return { items: page.items, ...page.next };
  }
  const page = pageOf(group.managed(nowMs, showAfterMs), query, world);
  return { managedInstances: page.items, ...page.next };
}

function nodePool({ path }: Call, { nodePools }: Answers): object {
  const name = path.step4 ?? '';
  const pool = nodePools.get(name);
  if (!pool) throw notFound(`projects/${PROJECT}/locations/${path.step2}/clusters/${path.step3}/nodePools/${name}`);
  return {
    ...{ name, status: 'RUNNING', initialNodeCount: 1, autoscaling: { enabled: pool.isAutoscaled } },
    instanceGroupUrls: pool.groups.map(({ url }) => url),
  };
}

function pageOf<T>(all: readonly T[], query: Call['query'], { pageSize }: Answers) {
  const asked = Number(query.maxResults ?? PAGE_MAX);
  if (!Number.isInteger(asked) || asked < 0 || asked > PAGE_MAX)
    throw invalid(`Invalid value for field 'maxResults': '${query.maxResults}'. Must be between 0 and ${PAGE_MAX}.`);
  const from = Number(query.pageToken ?? 0);
  if (!Number.isInteger(from) || from > all.length) throw invalid("Invalid value for field 'pageToken'.");
  const to = from + Math.min(asked, pageSize);
  return { items: all.slice(from, to), next: to < all.length ? { nextPageToken: String(to) } : {} };
}
