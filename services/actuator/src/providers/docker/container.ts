import type { DockerConfig } from '@forescale/shared/config';
import { z } from 'zod';
import { agentOptions, nodeIdentity } from '../join/index.ts';
import type { Machine, MachineRequest } from '../port.ts';

export const CLUSTER_LABEL = 'forescale.dev/cluster';
export const REQUEST_LABEL = 'forescale.dev/request';
const POOL_LABEL = 'forescale.dev/pool';
const REGION_LABEL = 'forescale.dev/region';

export const TOKEN_DIRECTORY = 'etc/forescale';
export const TOKEN_NAME = 'k3s-token';

/** What the agent itself takes beside the pods: K3s asks for 512 MiB. */
const AGENT_MEMORY_BYTES = 512 * 2 ** 20;

/** The engine's machine, as `GET /info` has it. */
export const infoSchema = z.object({ NCPU: z.number().int().positive(), MemTotal: z.number().positive() });
export type EngineInfo = z.output<typeof infoSchema>;

/**
 * Body of `POST /containers/create`: an agent of K3s, as it runs in a container. The token is in neither command nor
 * environment, which `docker inspect` shows to whoever may ask: it is put into the container as a file.
 */
export function containerOf(config: DockerConfig, request: MachineRequest, info: EngineInfo | null) {
  const reserved = reservedArguments(request, info);
  const options = agentOptions(nodeIdentity(request), `docker://${request.nodeName}`, [...reserved, ...config.args]);
  const { allocatable } = request.offering;
  return {
    Image: config.image,
    Hostname: request.nodeName,
    Cmd: ['agent', ...options.map(([option, value]) => (value === null ? `--${option}` : `--${option}=${value}`))],
    Env: [`K3S_URL=${config.server}`, `K3S_TOKEN_FILE=/${TOKEN_DIRECTORY}/${TOKEN_NAME}`],
    Labels: {
      [CLUSTER_LABEL]: request.clusterTag,
      [REQUEST_LABEL]: request.requestId,
      [POOL_LABEL]: request.pool,
      [REGION_LABEL]: request.offering.region,
    },
    HostConfig: {
      Privileged: config.privileged,
      Init: true,
      Tmpfs: { '/run': '', '/var/run': '' },
      UsernsMode: 'host',
      NetworkMode: config.network,
      RestartPolicy: { Name: 'unless-stopped' },
      ...(allocatable && {
        NanoCpus: Math.round(allocatable.cpuMillicores) * 1_000_000,
        Memory: Math.round(allocatable.memoryBytes) + AGENT_MEMORY_BYTES,
      }),
    },
  };
}

/**
 * A kubelet in a container sees all of the machine: what is not the node's is reserved, so that the scheduler counts on
 * no more than the offering says. 8 CPU of which the node has 2: 6 are reserved.
 */
function reservedArguments({ offering: { allocatable } }: MachineRequest, info: EngineInfo | null): readonly string[] {
  if (!allocatable || !info) return [];
  const cpuMillicores = Math.max(0, info.NCPU * 1_000 - Math.round(allocatable.cpuMillicores));
  const memoryKib = Math.max(0, Math.floor((info.MemTotal - allocatable.memoryBytes) / 1_024));
  return [
    `--kubelet-arg=system-reserved=cpu=${cpuMillicores}m,memory=${memoryKib}Ki`,
    `--kubelet-arg=max-pods=${allocatable.pods}`,
  ];
}

const labels = z.record(z.string(), z.string()).nullish();

export const listSchema = z
  .array(
    z
      .object({
        Id: z.string().min(1),
        Names: z.array(z.string()),
        State: z.string(),
        Created: z.number(),
        Labels: labels,
      })
      .transform(({ Id, Names, State, Created, Labels }) => ({
        ...{ id: Id, name: Names[0] ?? '', state: State, createdMs: Created * 1_000, labels: Labels ?? {} },
      })),
  )
  .max(100_000);

export const inspectSchema = z
  .object({
    Id: z.string().min(1),
    Name: z.string(),
    Created: z.iso.datetime({ offset: true }),
    State: z.object({ Status: z.string() }),
    Config: z.object({ Labels: labels }),
  })
  .transform(({ Id, Name, Created, State, Config }) => ({
    ...{ id: Id, name: Name, state: State.Status, createdMs: Date.parse(Created), labels: Config.Labels ?? {} },
  }));

export type Container = z.output<typeof inspectSchema>;

/** Its name is the node's. */
export function machineOf({ id, name, state, createdMs, labels: tags }: Container): Machine {
  const nodeName = name.replace(/^\//, '');
  return {
    id,
    providerId: `docker://${nodeName}`,
    requestId: tags[REQUEST_LABEL] ?? '',
    nodeName,
    pool: tags[POOL_LABEL] ?? '',
    state: state === 'removing' ? 'terminating' : state === 'created' ? 'starting' : 'running',
    createdMs,
    place: { provider: '', region: tags[REGION_LABEL] ?? '' },
    group: null,
  };
}

/** Whether it serves, or will without anything being done. */
export function isAlive({ state }: Container): boolean {
  return ['running', 'restarting', 'paused'].includes(state);
}
