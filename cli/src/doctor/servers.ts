import { access } from 'node:fs/promises';
import { accountOf, openProvider, type ProviderParts } from '@forescale/actuator/providers';
import { readNatsServer } from '@forescale/shared/bus';
import { type Config, providersOf, type SingleProviderConfig } from '@forescale/shared/config';
import type { KubeConfig } from '@forescale/shared/kubernetes';
import type { Log } from '@forescale/shared/telemetry';
import { natsAccess, openStore } from '../runtime/runtime.ts';
import { attempt, type Finding, type Patience } from './finding.ts';

const NODE_MAJOR = 22;
/** The oldest that the tests run on. */
const NATS_MIN = '2.9';

export async function checkStore(config: Config, log: Log, patience: Patience): Promise<Finding[]> {
  const { store } = config;
  const subject = store.kind === 'sqlite' ? 'store (SQLite)' : 'store (InfluxDB)';
  const where = store.kind === 'sqlite' ? store.path : store.url;
  if (store.kind === 'sqlite' && !(await exists(store.path)))
    return [{ check: 'reachable', subject, state: 'ok', detail: `${where} is made at the first start` }];
  const healthy = await attempt(patience, async () => {
    const opened = await openStore(config, patience.clock, log);
    try {
      return await opened.health();
    } finally {
      await opened.close();
    }
  });
  const trouble = 'error' in healthy ? healthy.error : healthy.value.ok ? null : healthy.value.reason;
  if (trouble !== null) return [{ check: 'reachable', subject, state: 'fail', detail: `${where}: ${trouble}` }];
  const reached: Finding = { check: 'reachable', subject, state: 'ok', detail: where };
  return store.kind === 'sqlite' ? [reached] : [reached, await influxVersion(store.url, `${store.version}.`, patience)];
}

/** Every version says it in a header of its ping, to anybody. `wanted` is how the configured one begins. */
async function influxVersion(url: string, wanted: string, patience: Patience): Promise<Finding> {
  const finding = { check: 'version', subject: 'InfluxDB' } as const;
  const asked = await attempt(patience, async (signal) => {
    const response = await fetch(`${url.replace(/\/$/, '')}/ping`, { signal });
    await response.body?.cancel();
    return response.headers.get('x-influxdb-version');
  });
  if ('error' in asked) return { ...finding, state: 'warn', detail: `not known: ${asked.error}` };
  const version = asked.value?.slice(0, 64) ?? null;
  if (version === null) return { ...finding, state: 'warn', detail: 'not known: its ping does not say' };
  if (version.replace(/^v/, '').startsWith(wanted)) return { ...finding, state: 'ok', detail: version };
  return { ...finding, state: 'warn', detail: `${version}: store.version says ${wanted}x` };
}

export async function checkBus({ bus }: Config, patience: Patience): Promise<Finding[]> {
  if (bus.kind === 'in-process')
    return [{ check: 'reachable', subject: 'bus', state: 'ok', detail: 'in this process' }];
  const asked = await attempt(patience, async () =>
    readNatsServer({ ...(await natsAccess(bus)), name: 'forescale-doctor' }),
  );
  const reached = { check: 'reachable', subject: 'bus (NATS)' } as const;
  if ('error' in asked) return [{ ...reached, state: 'fail', detail: asked.error }];
  const { version, jetStream } = asked.value;
  return [
    jetStream
      ? { ...reached, state: 'ok', detail: `${bus.url}, with JetStream` }
      : { ...reached, state: 'fail', detail: `${bus.url}: no JetStream: start the server with -js` },
    isAtLeast(version, NATS_MIN)
      ? { check: 'version', subject: 'NATS', state: 'ok', detail: version }
      : { check: 'version', subject: 'NATS', state: 'warn', detail: `${version}: supported from ${NATS_MIN} on` },
  ];
}

/** Lists the machines of this cluster, which needs address and credentials; without an id, those of none. */
export async function checkProviders(
  config: Config,
  kube: KubeConfig | null,
  clusterTag: string | null,
  patience: Patience,
) {
  const parts = { clock: patience.clock, kube };
  const providers = new Map(
    config.pools
      .flatMap(({ provider, name }) => [...providersOf(provider).values()].map((config) => ({ config, pool: name })))
      .map((one) => [JSON.stringify(one.config), one]),
  );
  return await Promise.all(
    [...providers.values()].map(({ config, pool }) =>
      config.kind === 'buffer'
        ? checkBuffer(config, pool, parts, patience)
        : checkProvider(config, parts, clusterTag ?? 'none', patience),
    ),
  );
}

async function checkProvider(
  config: SingleProviderConfig,
  parts: ProviderParts,
  clusterTag: string,
  patience: Patience,
): Promise<Finding> {
  const finding = { check: 'reachable', subject: `provider (${config.kind})` } as const;
  if (config.kind === 'none') return { ...finding, state: 'ok', detail: 'makes no machines, as configured' };
  const listed = await attempt(patience, async (signal) =>
    (await openProvider(config, parts)).list(clusterTag, signal),
  );
  if ('error' in listed) return { ...finding, state: 'fail', detail: `${accountOf(config)}: ${listed.error}` };
  return { ...finding, state: 'ok', detail: `${accountOf(config)}, ${listed.value.length} machine(s) of this cluster` };
}

/** Reads what one of its pools asks for. */
async function checkBuffer(
  config: SingleProviderConfig,
  pool: string,
  parts: ProviderParts,
  patience: Patience,
): Promise<Finding> {
  const finding = { check: 'reachable', subject: `provider (${config.kind})` } as const;
  const read = await attempt(patience, async (signal) =>
    (await openProvider(config, parts)).placeholders?.read(pool, signal),
  );
  if ('error' in read) return { ...finding, state: 'fail', detail: `pool ${pool}: ${read.error}` };
  const { replicas = 0, problem = null } = read.value ?? {};
  if (problem !== null) return { ...finding, state: 'warn', detail: `pool ${pool}: ${problem}` };
  return { ...finding, state: 'ok', detail: `pool ${pool} asks for ${replicas} placeholder(s)` };
}

/** `version` is that of the process, such as "22.23.3". */
export function checkNode(version: string): Finding {
  const finding = { check: 'version', subject: 'Node.js' } as const;
  if (Number.parseInt(version, 10) === NODE_MAJOR) return { ...finding, state: 'ok', detail: version };
  return { ...finding, state: 'warn', detail: `${version}: tested is ${NODE_MAJOR}` };
}

function isAtLeast(version: string, min: string): boolean {
  return version.localeCompare(min, 'en', { numeric: true }) >= 0;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
