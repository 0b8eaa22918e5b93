import { describePlan, type Plan, type PlanState, plan } from '@forescale/actuator/plan';
import { openProvider } from '@forescale/actuator/providers';
import { startActuator } from '@forescale/actuator/service';
import type { Config, PoolConfig } from '@forescale/shared/config';
import type { Forecast } from '@forescale/shared/domain';
import { Readiness } from '@forescale/shared/service';
import { createLog, silentInstruments } from '@forescale/shared/telemetry';
import { seededRandom, systemClock } from '@forescale/shared/time';
import { encodeForecastData } from '@forescale/shared/wire';
import { wordsTo, writeJson } from '../output/json.ts';
import { offeringsDocument, offeringsText } from '../output/offerings.ts';
import { UsageError } from '../output/usage.ts';
import { loadCompleteConfig } from '../runtime/complete-config.ts';
import { solverFor } from '../runtime/mix-solver.ts';
import { copyOfState, idleWriter, readOnlyBus, readOnlyStore } from '../runtime/read-only.ts';
import { openRuntime } from '../runtime/runtime.ts';
import { readPlanFile } from './plan-file.ts';

/** Somebody waits, and there is no next tick. */
const PRICE_PATIENCE_MS = 30_000;

export interface PlanFlags {
  readonly config: string;
  readonly state?: string;
  readonly json?: string;
}

interface Planned {
  /** At the prices that were planned by. */
  readonly pool: PoolConfig;
  readonly nowMs: number;
  readonly state: PlanState;
  readonly forecasts: readonly Forecast[];
  readonly plan: Plan;
}

/** `forescale plan`: what would be done now, and why; nothing is changed, published or stored. */
export async function planNow(flags: PlanFlags): Promise<void> {
  const config = await loadCompleteConfig(flags.config, process.env);
  const planned = flags.state === undefined ? await planLive(config) : await planRecorded(config, flags.state);
  if (flags.json !== undefined) await writeJson(flags.json, document(planned));
  const out = wordsTo(flags.json);
  for (const { plan: one, pool } of planned.values())
    out.write(`${[...describePlan(one), offeringsText(pool)].join('\n')}\n`);
}

async function planRecorded(config: Config, path: string): Promise<Map<string, Planned>> {
  const planned = new Map<string, Planned>();
  const solve = await solverFor(config.pools);
  for (const pool of config.pools) {
    const { nowMs, state, forecasts } = await readPlanFile(path, pool);
    planned.set(pool.name, { pool, nowMs, state, forecasts, plan: plan(state, forecasts, pool, nowMs, solve) });
  }
  return planned;
}

/** One tick of an actuator that sees everything and can touch nothing. */
async function planLive(config: Config): Promise<Map<string, Planned>> {
  const log = createLog('plan', 'warn');
  const pools = config.pools.map((pool) => ({ ...pool, mode: 'observe' as const }));
  // One picture is read, so there is nothing to watch for.
  const observing: Config = { ...config, pools, kubernetes: { ...config.kubernetes, watch: false } };
  const runtime = await openRuntime(observing, 'plan', log);
  try {
    if (!runtime.cluster)
      throw new UsageError('autoscaler.kubernetes.enabled = false; allowed for a plan without --state: true');
    const { kube } = runtime.cluster;
    const readiness = new Readiness();
    const actuator = await startActuator({
      config: observing,
      reader: runtime.cluster.reader,
      writer: idleWriter,
      surroundings: runtime.cluster.surroundings,
      store: readOnlyStore(runtime.store),
      bus: readOnlyBus(runtime.bus),
      state: await copyOfState(await runtime.openState('actuator')),
      clock: systemClock,
      ioClock: systemClock,
      random: seededRandom(1),
      readiness,
      instruments: silentInstruments(),
      log,
      homeNode: null,
      openProvider: (one) => openProvider(one, { clock: systemClock, kube }),
      solve: await solverFor(config.pools),
      pricePatienceMs: PRICE_PATIENCE_MS,
    });
    const nowMs = systemClock.nowMs();
    await actuator.tick(nowMs);
    await actuator.stop();
    const { reasons } = await readiness.report();
    const missing = Object.entries(reasons).map(([part, reason]) => `${part}: ${reason}`);
    const planned = new Map<string, Planned>();
    const byName = actuator.planned();
    for (const { config: pool } of actuator.pools(nowMs)) {
      const one = byName.get(pool.name);
      if (!one) throw new Error(`pool ${pool.name} cannot be planned: ${missing.join('; ')}`);
      planned.set(pool.name, { pool, nowMs, ...one });
    }
    return planned;
  } finally {
    await runtime.close();
  }
}

/** Readable again by `--state`. */
function document(planned: ReadonlyMap<string, Planned>) {
  const pools = [...planned].map(([name, { pool, nowMs, state, forecasts, plan: one }]) => [
    name,
    {
      at_ms: nowMs,
      actions: one.actions,
      report: one.report,
      state,
      forecasts: forecasts.map(encodeForecastData),
      ...offeringsDocument(pool),
    },
  ]);
  return { pools: Object.fromEntries(pools) };
}
