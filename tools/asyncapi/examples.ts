import { FORECAST_LEVELS, type Forecast, MAX_LEAD_MINUTES } from '@forescale/shared/domain';
import {
  encodeEvent,
  encodeForecast,
  encodeKpi,
  encodeModelNotice,
  encodePredictor,
  encodeSample,
  encodeSources,
  encodeTraining,
  type NodeEventData,
  type PlanData,
  rfc3339,
} from '@forescale/shared/wire';

/** One message of each kind, as the services encode it: the examples of docs/asyncapi.yaml. */

const AT_MS = Date.UTC(2026, 2, 4, 9);
const STEP_MS = 300_000;
const SERIES = { kind: 'series', pool: 'web', signal: 'rps' } as const;
const CLUSTER = { kind: 'cluster', stepMs: STEP_MS, horizon: 12 } as const;
const ACTUATOR = { source: '/forescale/actuator', timeMs: AT_MS };

const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** An hour's would be twelve steps. */
const forecast: Forecast = {
  pool: 'web',
  signal: 'rps',
  issuedMs: AT_MS,
  validUntilMs: AT_MS + STEP_MS,
  stepMs: STEP_MS,
  levels: FORECAST_LEVELS,
  timesMs: [AT_MS + STEP_MS, AT_MS + 2 * STEP_MS],
  quantiles: FORECAST_LEVELS.map((_, level) => [300 + 10 * level, 310 + 12 * level]),
  maxQuantiles: FORECAST_LEVELS.map((_, level) => MAX_LEAD_MINUTES.map((minutes) => 320 + minutes + 10 * level)),
  model: 'combination',
  backend: 'wasm',
  weights: { 'seasonal-naive': 0.25, network: 0.75 },
  accuracy: { wql: 0.04, mase: 0.7, coverage90: 0.91, coverage99: 0.99, relativeError: 0.7, hours: 24 },
};

const plan: PlanData = {
  pool: 'web',
  time: rfc3339(AT_MS),
  mode: 'enforce',
  generation: 1_201,
  need: 4,
  floor: 2,
  floor_from: 'policy off_hours',
  ceiling: 8,
  ceiling_from: 'policy off_hours',
  desired: 4,
  ready: 3,
  starting: 1,
  draining: 0,
  usd_per_hour: 0.4,
  prices: { source: 'static', as_of: '2026-03-01', estimate: true },
  lead_time: { seconds: 142, why: 'the 0.95 quantile of 31 nodes' },
  capacities: [{ signal: 'rps', per_node: 100, from: 'declared', why: 'capacity_per_node' }],
  needs: [{ source: 'forecast:rps', nodes: 4, why: '372 rps until 09:02, at 100 a node' }],
  reasons: [{ code: 'scale-up', text: 'the forecast needs 4 nodes when one ordered now is Ready' }],
  actions: [{ kind: 'create', target: 'small a on_demand', count: 1, why: 'the forecast needs it' }],
};

const node: NodeEventData = {
  pool: 'web',
  event: 'ready',
  time: rfc3339(AT_MS),
  node: 'web-7f3a',
  machine: 'i-0123456789abcdef0',
  provider: 'aws',
  zone: 'a',
  instance_type: 'm7g.large',
  capacity_type: 'on_demand',
  seconds: 118,
  why: 'the forecast needs it',
};

const override = { pause: true, until: '2026-03-04T10:00:00.000Z', by: 'ops', why: 'incident 17' };
const paused = 'paused until 2026-03-04T10:00:00.000Z, by ops: incident 17';

export const EXAMPLES = {
  kpi: encodeKpi({ id: 'api-3 1709542800', source: '/shop/api-3', timeMs: AT_MS }, 312.5, 'rps'),
  kpiBare: bytesOf({ value: 312.5 }),
  sample: encodeSample({ pool: 'web', signal: 'rps', source: '/shop/api-3', timeMs: AT_MS, value: 312.5 }),
  forecast: encodeForecast(forecast),
  anything: bytesOf({}),
  refusal: bytesOf({ error: 'forecast of web/rps: none yet' }),
  plan: encodeEvent('plan', { ...ACTUATOR, id: 'web.1201' }, plan),
  node: encodeEvent('node', { ...ACTUATOR, id: 'web-7f3a.ready' }, node),
  override: encodeEvent('override', { id: 'ops 1', source: '/ops', timeMs: AT_MS }, override),
  overrideBare: bytesOf(override),
  overrideAnswer: bytesOf({ ok: true, pool: 'web', until: override.until, what: paused }),
  trainingSeries: encodeTraining({ key: SERIES, reason: 'first', requestedMs: AT_MS, knownVersion: 0 }),
  trainingCluster: encodeTraining({ key: CLUSTER, reason: 'schedule', requestedMs: AT_MS, knownVersion: 3 }),
  modelSeries: encodeModelNotice({ key: SERIES, version: 1, savedMs: AT_MS }),
  modelCluster: encodeModelNotice({ key: CLUSTER, version: 4, savedMs: AT_MS }),
  sources: encodeSources({ id: `collector-0.${AT_MS}`, source: '/forescale/collector', timeMs: AT_MS }, 'collector-0', [
    {
      ...{ name: 'prometheus main', state: 'away', reason: 'prometheus:9090: ECONNREFUSED', newestMs: AT_MS - 240_000 },
      ...{ lagMs: 1_200, samples: 40_321, refused: 0, flagged: 12 },
    },
  ]),
  predictor: encodePredictor({ id: 'predictor-5e1f', state: 'ready', asks: false }, AT_MS),
  tick: bytesOf({ sequence: 17, now_ms: AT_MS }),
  tickAnswer: bytesOf({ ok: true }),
} as const;
