import { z } from 'zod';
import type { Machine, MachineRequest } from '../port.ts';

/** Labels of a server, in the notation that Hetzner shares with Kubernetes. */
export const CLUSTER_LABEL = 'forescale.dev/cluster';
export const REQUEST_LABEL = 'forescale.dev/request';
const POOL_LABEL = 'forescale.dev/pool';

const text = z.string().max(255);

const serverSchema = z.object({
  id: z.number().int().positive(),
  name: text,
  status: text,
  created: z.iso.datetime({ offset: true }),
  labels: z.record(text, text),
  location: z.object({ name: text }),
});

export type Server = z.output<typeof serverSchema>;

const action = z.object({ status: text, error: z.object({ code: text, message: z.string() }).nullish() });

export const createdSchema = z.object({ server: serverSchema, action });
export const serverAnswer = z.object({ server: serverSchema });
export const deletedSchema = z.object({ action });

export const SERVERS_PER_PAGE = 50;
export const pageSchema = z.object({
  servers: z.array(serverSchema).max(SERVERS_PER_PAGE),
  meta: z.object({ pagination: z.object({ next_page: z.number().int().positive().nullable() }) }),
});

export function serverLabels(
  request: Pick<MachineRequest, 'clusterTag' | 'requestId' | 'pool'>,
): Record<string, string> {
  return {
    [CLUSTER_LABEL]: request.clusterTag,
    [REQUEST_LABEL]: request.requestId,
    [POOL_LABEL]: request.pool,
  };
}

/** A server that is off still costs what it costs: to us it runs. */
const STARTING: readonly string[] = ['initializing', 'starting'];

/** Its name is the node's. A location is region and zone in one. */
export function machineOf({ id, name, status, created, labels, location }: Server): Machine {
  return {
    id: String(id),
    providerId: `hcloud://${id}`,
    requestId: labels[REQUEST_LABEL] ?? '',
    nodeName: name,
    pool: labels[POOL_LABEL] ?? '',
    state: status === 'deleting' ? 'terminating' : STARTING.includes(status) ? 'starting' : 'running',
    createdMs: Date.parse(created),
    place: { provider: '', region: location.name },
    group: null,
  };
}
