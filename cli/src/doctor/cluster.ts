import type { MachineProvider } from '@forescale/actuator/providers';
import { belongs, buysFromGroups, isSteered, otherWriters } from '@forescale/actuator/service';
import { type PoolConfig, providersOf, type SingleProviderConfig } from '@forescale/shared/config';
import type { ClusterProbe, ClusterReader, ServerVersion, Surroundings } from '@forescale/shared/kubernetes';
import { attempt, type Finding, type Patience } from './finding.ts';

/** Evictions are asked for in `policy/v1`, which 1.22 began to serve. */
const MINOR_MIN = 22;
/** The newest that the client library lists as its own. Later ones may work just as well: hence a warning, no more. */
const MINOR_KNOWN = 34;

const SKEW_WARN_MS = 5_000;
const SKEW_FAIL_MS = 60_000;

/** Whether the API server answers, how old it is, and whether its clock and ours agree. */
export async function checkServer(probe: ClusterProbe, server: string, patience: Patience): Promise<Finding[]> {
  const asked = await attempt(patience, (signal) => probe.version(signal));
  const subject = 'Kubernetes';
  if ('error' in asked)
    return [{ check: 'reachable', subject, state: 'fail', detail: `${server}: ${asked.error}; nothing works` }];
  const skew = await attempt(patience, (signal) => probe.skewMs(signal));
  return [
    { check: 'reachable', subject, state: 'ok', detail: server },
    versionOf(asked.value),
    'error' in skew
      ? { check: 'clock', subject, state: 'warn', detail: `not known: ${skew.error}` }
      : clockOf(skew.value),
  ];
}

function versionOf({ version, major, minor }: ServerVersion): Finding {
  const finding = { check: 'version', subject: 'Kubernetes' } as const;
  if (major === 1 && minor >= MINOR_MIN && minor <= MINOR_KNOWN) return { ...finding, state: 'ok', detail: version };
  const detail = `${version}: known are 1.${MINOR_MIN} to 1.${MINOR_KNOWN}`;
  return { ...finding, state: 'warn', detail };
}

function clockOf(skewMs: number | null): Finding {
  const finding = { check: 'clock', subject: 'Kubernetes' } as const;
  if (skewMs === null) return { ...finding, state: 'warn', detail: 'not known: the API server shows no time' };
  const seconds = (Math.abs(skewMs) / 1_000).toFixed(1);
  const detail = `the API server's clock is ${seconds} s ${skewMs < 0 ? 'behind' : 'ahead of'} this machine's`;
  if (Math.abs(skewMs) > SKEW_FAIL_MS)
    return { ...finding, state: 'fail', detail: `${detail}: ages of pods, notices and overrides are wrong` };
  if (Math.abs(skewMs) > SKEW_WARN_MS) return { ...finding, state: 'warn', detail };
  return { ...finding, state: 'ok', detail: `${seconds} s apart` };
}

interface WriterParts {
  readonly reader: Pick<ClusterReader, 'read'>;
  readonly surroundings: Pick<Surroundings, 'autoscalers'>;
  openProvider(config: SingleProviderConfig): Promise<Pick<MachineProvider, 'groups'>>;
}

/** Who else creates and removes the nodes of each pool. */
export async function checkWriters(
  parts: WriterParts,
  pools: readonly PoolConfig[],
  patience: Patience,
): Promise<Finding[]> {
  const nowMs = patience.clock.nowMs();
  const read = await attempt(patience, () =>
    Promise.all([parts.reader.read(nowMs), parts.surroundings.autoscalers()] as const),
  );
  if ('error' in read)
    return [{ check: 'single writer', subject: 'all pools', state: 'warn', detail: `not known: ${read.error}` }];
  const [cluster, autoscalers] = read.value;
  const checked = pools.map(async (pool): Promise<Finding> => {
    const finding = { check: 'single writer', subject: `pool ${pool.name}` } as const;
    if (pool.singleWriter === 'ignore') return { ...finding, state: 'ok', detail: 'not looked at, as configured' };
    const nodes = cluster.nodes.filter((node) => belongs(pool, node));
    const isGrouped = await isResizedByGroups(pool, parts, patience);
    const { owner, beside } = otherWriters(pool, { nodes, isGrouped, autoscalers }, nowMs);
    if (isSteered(pool)) return { ...finding, ...steered(owner ?? beside) };
    if (owner !== null) return { ...finding, state: 'warn', detail: `${owner}: the pool only observes` };
    if (beside !== null) return { ...finding, state: 'warn', detail: `${beside} may answer the same pending pods` };
    return { ...finding, state: 'ok', detail: `nobody else; ${nodes.length} node(s)` };
  });
  return await Promise.all(checked);
}

/** Of a provider that cannot be opened, which is a finding of its own, nothing is known: its pool's labels count. */
async function isResizedByGroups(pool: PoolConfig, parts: WriterParts, patience: Patience): Promise<boolean> {
  const groups = new Map<string, MachineProvider['groups']>();
  for (const [name, config] of providersOf(pool.provider)) {
    const opened = await attempt(patience, () => parts.openProvider(config));
    if ('value' in opened) groups.set(name, opened.value.groups);
  }
  return buysFromGroups(pool, (offering) => groups.get(offering.provider)?.groupOf(offering) ?? null);
}

/** Of a pool that asks its nodes' owner for room there has to be one. */
function steered(owner: string | null): Pick<Finding, 'state' | 'detail'> {
  if (owner !== null) return { state: 'ok', detail: `${owner}: is asked to keep room` };
  return { state: 'warn', detail: 'nobody is seen who would bring nodes for the room that is asked for' };
}
