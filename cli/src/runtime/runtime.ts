import { randomInt } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Bus, createInProcessBus, createNatsBus } from '@forescale/shared/bus';
import type { Config } from '@forescale/shared/config';
import type { ClusterReader, ClusterWriter, KubeConfig, Surroundings } from '@forescale/shared/kubernetes';
import type { LeasePort } from '@forescale/shared/leadership';
import { createJetStreamState, createSqliteState, type StateBucket } from '@forescale/shared/state';
import { createInfluxStore, createSqliteStore, type Store } from '@forescale/shared/store';
import type { Log } from '@forescale/shared/telemetry';
import { type Clock, ManualClock, seededRandom, systemClock } from '@forescale/shared/time';
import { readSecret } from './secrets.ts';

const DAY_MS = 86_400_000;

/** What the services of one process share: the configured adapters behind the ports. */
export interface Runtime {
  readonly config: Config;
  /** Virtual where a conductor drives the services over the bus. */
  readonly clock: Clock;
  readonly virtualClock: ManualClock | null;
  readonly store: Store;
  readonly bus: Bus;
  readonly cluster: {
    readonly kube: KubeConfig;
    readonly reader: ClusterReader;
    readonly writer: ClusterWriter;
    readonly surroundings: Surroundings;
  } | null;
  /** Where a leader is elected: the Lease of that name in the namespace of our own objects. */
  openLease(name: string): LeasePort | null;
  openState(bucket: string): Promise<StateBucket>;
  close(): Promise<void>;
}

/**
 * Opens the adapters that the configuration names. Servers that are away do not stop the start; they are waited for.
 * `usesCluster`: whether anybody in this process asks for the cluster.
 */
export async function openRuntime(config: Config, processName: string, log: Log, usesCluster = true): Promise<Runtime> {
  const virtualClock = config.clock.source === 'bus' ? new ManualClock(0) : null;
  const clock = virtualClock ?? systemClock;
  // The client, 800 files, is loaded only where there is a cluster, and while the servers are connected to.
  const client = config.kubernetes.enabled && usesCluster ? import('@forescale/shared/kubernetes') : null;
  const states: StateBucket[] = [];
  const opened: { close(): unknown }[] = [];
  const keep = <T extends { close(): unknown }>(one: T): T => {
    opened.push(one);
    return one;
  };
  const close = async () => {
    await Promise.all(states.map((state) => state.close()));
    for (const one of opened.toReversed()) await one.close();
  };
  try {
    const store = keep(await openStore(config, clock, log));
    const bus = keep(await openBus(config, processName, clock, log));
    const cluster = client && keep(openCluster(await client, config, log));
    return {
      config,
      clock,
      virtualClock,
      store,
      bus,
      cluster,
      openLease(name) {
        if (cluster === null || !config.kubernetes.leaderElection) return null;
        return cluster.lease(config.kubernetes.namespace, name);
      },
      async openState(bucket) {
        const state = await openState(config, bucket, processName);
        states.push(state);
        return state;
      },
      close,
    };
  } catch (error) {
    // A connection left open would keep the process from ending.
    await close();
    throw error;
  }
}
type Client = typeof import('@forescale/shared/kubernetes');

/** Watches are of the machine's time: where a simulation's stands still, lists are as good and give the same run. */
function openCluster(client: Client, { kubernetes, clock }: Config, log: Log) {
  const { connectKubernetes, createClusterReader, createClusterWriter, createLease, createSurroundings } = client;
  const kube = connectKubernetes(kubernetes);
  const lease = (namespace: string, name: string) => createLease(kube, namespace, name);
  const parts = { kube, lease, writer: createClusterWriter(kube), surroundings: createSurroundings(kube) };
  if (!kubernetes.watch || clock.source === 'bus') return { ...parts, reader: createClusterReader(kube), close() {} };
  const reader = client.createWatchingReader(kube, {
    clock: systemClock,
    random: seededRandom(randomInt(2 ** 31 - 1)),
    log,
  });
  return { ...parts, reader, close: () => reader.close() };
}

export async function openStore({ store, clock: { source } }: Config, clock: Clock, log: Log): Promise<Store> {
  const retention = source === 'system' ? { retentionDays: Math.ceil(store.retentionMs / DAY_MS) } : {};
  if (store.kind === 'sqlite') {
    await mkdir(dirname(store.path), { recursive: true });
    return createSqliteStore({ path: store.path, ...retention, clock });
  }
  const password = await readSecret('autoscaler.store.password_file', store.password, store.passwordFile);
  const token = await readSecret('autoscaler.store.token_file', store.token, store.tokenFile);
  return createInfluxStore({
    url: store.url,
    database: store.database,
    version: store.version,
    ...retention,
    // The server makes them as its own clock goes, which a simulation's does not.
    ...(store.rollups.enabled && source === 'system'
      ? { rollupDays: Math.ceil(store.rollups.retentionMs / DAY_MS) }
      : {}),
    onNotice: (notice) => log.warn(notice),
    ...(store.username === null ? {} : { username: store.username }),
    ...(password === null ? {} : { password }),
    ...(token === null ? {} : { token }),
  });
}

type NatsConfig = Extract<Config['bus'], { kind: 'nats' }>;

/** Where NATS is, and who we are there. */
export async function natsAccess(bus: NatsConfig) {
  const password = await readSecret('autoscaler.bus.password_file', bus.password, bus.passwordFile);
  const token = await readSecret('autoscaler.bus.token_file', bus.token, bus.tokenFile);
  return {
    servers: [bus.url],
    ...(bus.user === null ? {} : { user: bus.user }),
    ...(password === null ? {} : { password }),
    ...(token === null ? {} : { token }),
    ...(bus.tls === null ? {} : { tls: await readableFiles(bus.tls) }),
  };
}

/** The library reads them anew at each connection, when nobody could be told any more that one is missing. */
async function readableFiles({ caFile, certFile, keyFile }: NonNullable<NatsConfig['tls']>) {
  await readSecret('autoscaler.bus.tls.ca_file', null, caFile);
  await readSecret('autoscaler.bus.tls.cert_file', null, certFile);
  await readSecret('autoscaler.bus.tls.key_file', null, keyFile);
  return {
    ...(caFile === null ? {} : { caFile }),
    ...(certFile === null || keyFile === null ? {} : { certFile, keyFile }),
  };
}

export async function openBus({ bus }: Config, processName: string, clock: Clock, log: Log): Promise<Bus> {
  const onError = (error: unknown) => log.warn({ err: error }, 'bus');
  if (bus.kind === 'in-process') return createInProcessBus({ clock, onError });
  return createNatsBus({ ...(await natsAccess(bus)), name: `forescale-${processName}`, onError });
}

/** State lives where the bus lives: JetStream beside NATS, else a file. */
async function openState(config: Config, bucket: string, processName: string): Promise<StateBucket> {
  if (config.bus.kind === 'nats') {
    return createJetStreamState({
      ...(await natsAccess(config.bus)),
      name: `forescale-${processName}-state`,
      bucket: `forescale-${bucket}`,
    });
  }
  await mkdir(config.dataDir, { recursive: true });
  return createSqliteState({ path: join(config.dataDir, 'state.db'), bucket });
}
