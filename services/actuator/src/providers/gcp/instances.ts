import { ProviderError } from '../errors.ts';
import type { Interruption } from '../port.ts';
import { type Instance, instancePageSchema, operationPageSchema } from './answers.ts';
import type { GcpApi } from './api.ts';

/** Of a page, or of a zone on it, that has nothing to show. */
const EMPTY = 'NO_RESULTS_ON_PAGE';

/** From the sign that a machine is taken back until it goes. */
const NOTICE_MS = 30_000;

/**
 * Not the metadata, of which an instance may have 512 KB: a page of a hundred would be more than is read of any answer, and
 * user data holds the join token.
 */
const FIELDS =
  'items/*/instances(id,name,zone,status,creationTimestamp,labels),items/*/warning,unreachables,warning,nextPageToken';

/** Every instance of the project that the filter lets through. A zone that does not answer makes the listing fail. */
export async function instancesWhere(api: GcpApi, filter: string, signal: AbortSignal): Promise<Instance[]> {
  const pages = await api.pages(instancePageSchema, 'GET', 'aggregated/instances', { filter, fields: FIELDS }, signal);
  const instances: Instance[] = [];
  for (const page of pages) {
    refusePart('the project', page.warning);
    if (page.unreachables.length > 0) throw partial(page.unreachables.join(', '), 'unreachable');
    for (const [scope, part] of Object.entries(page.items)) {
      refusePart(scope, part.warning);
      instances.push(...part.instances);
    }
  }
  return instances;
}

function refusePart(scope: string, warning: { readonly code: string } | undefined): void {
  if (warning && warning.code !== EMPTY) throw partial(scope, warning.code);
}

/** What a listing leaves out would be taken for gone. */
function partial(scope: string, code: string): ProviderError {
  return new ProviderError('transient', `instances are listed in part only: ${scope}: ${code}`.slice(0, 500));
}

/** A machine that is stopping; why, only its zone's operations say. */
export interface Stopping {
  readonly machineId: string;
  readonly nodeName: string;
  readonly zone: string;
  /** The number that Compute Engine knows the machine by. */
  readonly id: string;
}

/** Those that Compute Engine takes back, and not we: what stops a machine is an operation that says so. */
export async function preempted(
  api: GcpApi,
  stopping: readonly Stopping[],
  signal: AbortSignal,
): Promise<readonly Interruption[]> {
  const filter = '(operationType = "compute.instances.preempted")';
  const notices = await Promise.all(
    [...Map.groupBy(stopping, ({ zone }) => zone)].map(async ([zone, machines]) => {
      const path = `zones/${zone}/operations`;
      const pages = await api.pages(operationPageSchema, 'GET', path, { filter }, signal);
      const since = new Map(pages.flatMap(({ items }) => items).map((one) => [one.targetId, one.insertTime ?? null]));
      return machines.flatMap(({ machineId, nodeName, id }): Interruption[] => {
        const sinceMs = since.get(id);
        if (sinceMs === undefined || sinceMs === null) return [];
        return [{ machineId, nodeName, kind: 'reclaim', atMs: sinceMs + NOTICE_MS }];
      });
    }),
  );
  return notices.flat();
}
