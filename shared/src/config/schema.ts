import { z } from 'zod';
import { calendarSchema } from './calendar-schema.ts';
import { bytes, choice, duration, flag, integer, line, list, number, section, text, zone } from './issues.ts';
import { host, isLoopback } from './listening.ts';
import { policiesSchema } from './policy-schema.ts';
import { completePool, type PoolConfig, poolSchema } from './pool-schema.ts';
import { type ScalerConfig, scalerSchema } from './scaler-schema.ts';
import { type SimulationConfig, simulationSchema } from './simulation-schema.ts';
import { refuseOpenPush, refuseStrangePools, type SourcesConfig, sourcesSchema } from './sources/index.ts';

const PATH_CHARS_MAX = 4_096;
const path = line(PATH_CHARS_MAX, 'a path');
const secretFile = line(PATH_CHARS_MAX, 'a path to a file that holds the secret');
const user = line(255, 'a user name');
const secret = line(1_024, 'text, in quotes where it looks like a number');
const url = z.url({ protocol: /^https?$/, error: 'allowed: an http(s) URL' });

/** How long measurements are kept. In a simulation, whose time is not ours, they are kept as long as their store. */
const retention = duration(86_400_000, 3_650 * 86_400_000, 'from 1d to 3650d').default(400 * 86_400_000);

const sqliteStore = section({
  kind: z.literal('sqlite'),
  retention,
  path: path.default('data/forescale.db'),
}).transform((raw) => ({ kind: raw.kind, retentionMs: raw.retention, path: raw.path }));

const SPOOL_SIZES = 'a size from 16Mi to 1Ti, such as 256Mi';
const spoolSize = bytes
  .refine((size) => size >= 16 * 2 ** 20 && size <= 2 ** 40, { error: `allowed: ${SPOOL_SIZES}` })
  .default(256 * 2 ** 20);

/** Where the collector keeps samples while the store is away. Empty path: `collector-spool.db` in the data directory. */
const spoolSchema = section({ enabled: flag.default(true), path: path.optional(), max_size: spoolSize }).transform(
  (raw) => ({ enabled: raw.enabled, path: raw.path ?? null, bytesMax: raw.max_size }),
);

/** Means of 5 minutes and hours, for people who look back over months. */
const rollupSchema = section({
  enabled: flag.default(true),
  retention: duration(86_400_000, 36_500 * 86_400_000, 'from 1d to 36500d').default(3_650 * 86_400_000),
}).transform((raw) => ({ enabled: raw.enabled, retentionMs: raw.retention }));

const influxStore = section({
  kind: z.literal('influxdb'),
  /** 1: 1.x, tried with 1.6 and written for up to 1.8. 2: its 1.x interface, with a mapped database. */
  version: z.literal([1, 2], { error: 'allowed: 1 or 2' }).default(1),
  retention,
  url,
  database: text(/^[\w-]{1,63}$/, 'a database name').default('forescale'),
  username: user.optional(),
  password: secret.optional(),
  password_file: secretFile.optional(),
  token: secret.optional(),
  token_file: secretFile.optional(),
  spool: spoolSchema.prefault({}),
  rollups: rollupSchema.prefault({}),
})
  .superRefine((raw, context) => {
    const field = raw.token === undefined ? 'token_file' : 'token';
    if (raw[field] === undefined || (raw.version === 2 && raw.username === undefined)) return;
    context.addIssue({ code: 'custom', path: [field], message: 'allowed: with version 2, instead of username' });
  })
  .transform((raw) => ({
    kind: raw.kind,
    version: raw.version,
    retentionMs: raw.retention,
    url: raw.url,
    database: raw.database,
    username: raw.username ?? null,
    password: raw.password ?? null,
    passwordFile: raw.password_file ?? null,
    token: raw.token ?? null,
    tokenFile: raw.token_file ?? null,
    spool: raw.spool,
    rollups: raw.rollups,
  }));

const inProcessBus = section({ kind: z.literal('in-process') });

/** Of our own authority, and of our own certificate where the server asks for one. */
const tlsFiles = section({
  ca_file: path.optional(),
  cert_file: path.optional(),
  key_file: path.optional(),
})
  .refine((raw) => (raw.cert_file === undefined) === (raw.key_file === undefined), {
    error: 'allowed: cert_file and key_file together, or neither',
  })
  .transform((raw) => ({
    caFile: raw.ca_file ?? null,
    certFile: raw.cert_file ?? null,
    keyFile: raw.key_file ?? null,
  }));

const natsBus = section({
  kind: z.literal('nats'),
  url: text(/^(nats|tls):\/\/\S+$/, 'a URL such as "nats://127.0.0.1:4222"'),
  user: user.optional(),
  password: secret.optional(),
  password_file: secretFile.optional(),
  token: secret.optional(),
  token_file: secretFile.optional(),
  tls: tlsFiles.optional(),
}).transform((raw) => ({
  kind: raw.kind,
  url: raw.url,
  tls: raw.tls ?? null,
  user: raw.user ?? null,
  password: raw.password ?? null,
  passwordFile: raw.password_file ?? null,
  token: raw.token ?? null,
  tokenFile: raw.token_file ?? null,
}));

const kubernetesSchema = section({
  enabled: flag.default(true),
  /** Empty: the pod's service account inside of a cluster, else KUBECONFIG or ~/.kube/config. */
  kubeconfig: path.optional(),
  context: line(253, 'a context of the kubeconfig').optional(),
  /** A plain API server without a kubeconfig, such as the simulated one. */
  url: url.optional(),
  /** Follow what changes instead of listing everything at every tick. Not in a simulation, whose time stands still. */
  watch: flag.default(true),
  namespace: text(/^[a-z0-9-]{1,63}$/, 'a namespace').default('forescale'),
  /** Absent: where several actuators can share their state, and time is the machine's. */
  leader_election: flag.optional(),
}).transform((raw) => ({
  enabled: raw.enabled,
  kubeconfig: raw.kubeconfig ?? null,
  context: raw.context ?? null,
  url: raw.url ?? null,
  watch: raw.watch,
  namespace: raw.namespace,
  leaderElection: raw.leader_election,
}));

const httpSchema = section({
  host: host.default('127.0.0.1'),
  port: integer(0, 65_535).default(8080),
  token_file: secretFile.optional(),
  /** Whoever has this token may send samples, and do nothing else. */
  push_token_file: secretFile.optional(),
  /** Of one address; those that show a token are not counted. A page that shows a simulation asks 20 times a second. */
  requests_per_minute: integer(10, 1_000_000).default(6_000),
}).superRefine((raw, context) => {
  if (isLoopback(raw.host) || raw.token_file !== undefined) return;
  context.addIssue({
    code: 'custom',
    path: ['host'],
    message: 'allowed without token_file: a loopback address, such as 127.0.0.1',
  });
});

/** Where spans are sent to, by OTLP over HTTP, and which share of the traces that begin here. */
const tracesSchema = section({
  url,
  token_file: secretFile.optional(),
  share: number(0, 1).default(1),
}).transform((raw) => ({ url: raw.url, tokenFile: raw.token_file ?? null, share: raw.share }));

const telemetrySchema = section({
  log_level: choice(['debug', 'info', 'warn', 'error']).default('info'),
  /** Overrides and changes are lines of the log, whatever its level. */
  audit: flag.default(true),
  traces: tracesSchema.optional(),
}).transform((raw) => ({ logLevel: raw.log_level, audit: raw.audit, traces: raw.traces ?? null }));

const clockSchema = section({
  /** `bus`: time is what the conductor of a simulation says over the bus. */
  source: choice(['system', 'bus']).default('system'),
  tick: duration(1_000, 3_600_000, 'from 1s to 1h').default(60_000),
}).transform((raw) => ({ source: raw.source, tickMs: raw.tick }));

const autoscalerSchema = section({
  timezone: zone.default('UTC'),
  policies: policiesSchema.default({}),
  calendar: calendarSchema.prefault({}),
  pools: list(poolSchema, 1, 256, 'pools').optional(),
  sources: sourcesSchema.prefault({}),
  store: z
    .discriminatedUnion('kind', [sqliteStore, influxStore], { error: 'allowed: kind sqlite or influxdb' })
    .prefault({ kind: 'sqlite' }),
  bus: z
    .discriminatedUnion('kind', [inProcessBus, natsBus], { error: 'allowed: kind in-process or nats' })
    .prefault({ kind: 'in-process' }),
  data_dir: path.default('data'),
  kubernetes: kubernetesSchema.prefault({}),
  http: httpSchema.prefault({}),
  scaler: scalerSchema.prefault({}),
  telemetry: telemetrySchema.prefault({}),
  clock: clockSchema.prefault({}),
  simulation: simulationSchema.prefault({}),
});

/** The whole configuration, complete and frozen. */
export interface Config {
  readonly timezone: string;
  readonly pools: readonly PoolConfig[];
  readonly sources: SourcesConfig;
  readonly store: z.output<typeof sqliteStore> | z.output<typeof influxStore>;
  readonly bus: z.output<typeof inProcessBus> | z.output<typeof natsBus>;
  readonly dataDir: string;
  readonly kubernetes: Omit<z.output<typeof kubernetesSchema>, 'leaderElection'> & {
    /** Whether actuators elect, on a Lease of the namespace, the one that acts. */
    readonly leaderElection: boolean;
  };
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly tokenFile: string | null;
    readonly pushTokenFile: string | null;
    readonly requestsPerMinute: number;
  };
  readonly scaler: ScalerConfig;
  readonly telemetry: z.output<typeof telemetrySchema>;
  readonly clock: z.output<typeof clockSchema>;
  readonly simulation: SimulationConfig;
}

export const configSchema = section({ autoscaler: autoscalerSchema }).transform(({ autoscaler }, context): Config => {
  const pools = (autoscaler.pools ?? [poolSchema.parse({})]).map((pool) => completePool(pool, autoscaler));
  const seen = new Set<string>();
  for (const [index, pool] of pools.entries()) {
    if (seen.has(pool.name)) {
      context.addIssue({
        code: 'custom',
        path: ['autoscaler', 'pools', index, 'name'],
        message: 'allowed: each pool name once',
      });
    }
    seen.add(pool.name);
  }
  refuseStrangePools(autoscaler.sources, pools, context);
  refuseOpenPush(autoscaler.sources, autoscaler.http, context);
  const { bus, clock, kubernetes } = autoscaler;
  const shared = kubernetes.enabled && bus.kind === 'nats' && clock.source === 'system';
  return {
    timezone: autoscaler.timezone,
    pools,
    sources: autoscaler.sources,
    store: autoscaler.store,
    bus,
    dataDir: autoscaler.data_dir,
    kubernetes: { ...kubernetes, leaderElection: kubernetes.leaderElection ?? shared },
    http: {
      host: autoscaler.http.host,
      port: autoscaler.http.port,
      tokenFile: autoscaler.http.token_file ?? null,
      pushTokenFile: autoscaler.http.push_token_file ?? null,
      requestsPerMinute: autoscaler.http.requests_per_minute,
    },
    scaler: autoscaler.scaler,
    telemetry: autoscaler.telemetry,
    clock,
    simulation: autoscaler.simulation,
  };
});
