import type { PoolConfig, SignalConfig } from '@forescale/shared/config';
import type { Forecast } from '@forescale/shared/domain';
import { formatDuration } from '@forescale/shared/time';
import { whyRejected } from './forecast-check.ts';
import { demandAt, demandMaxUntil, newsvendorLevel, provisionOf, surgeAt } from './forecast-demand.ts';
import { offeringsOf, unitsOf } from './offerings.ts';
import { NO_SHARES, type Shares, shareOfSignal } from './shares.ts';
import type { Need, PlanState, Reason, RejectedForecast } from './types.ts';

/** A reading older than this many intervals of its signal says nothing about now. */
const STALE_INTERVALS = 3;

/** Rounding noise of a division must not cost a node: 8.000000001 nodes are 8. */
const EPSILON = 1e-9;

/**
 * A machine for the forecast is worth its price when it is expected to carry this much of itself at the quantile: the last
 * one of a need carries the less the farther the need is from filling it, and is paid for whole. Of a pool with several
 * sizes the last one may be the smallest.
 */
const CARRIED_SHARE_MIN = 0.3;

/** Whole nodes of the template that carry `units`. */
export function wholeNodes(units: number): number {
  return Math.max(0, Math.ceil(units - EPSILON * Math.max(1, units)));
}

/** What several sources ask for; `units` is the largest, in nodes of the template, with its fraction. */
export interface Needs {
  units: number;
  /** The largest of each resource: CPU asked for has to be covered by CPU alone. */
  shares: Shares;
  from: string;
  readonly list: Need[];
}

export function noNeeds(): Needs {
  return { units: 0, shares: NO_SHARES, from: 'nothing', list: [] };
}

export function addNeed(needs: Needs, source: string, units: number, why: string): void {
  needs.list.push({ source, nodes: wholeNodes(units), why });
  const share = shareOfSignal(source.slice(source.indexOf(':') + 1));
  if (units > needs.shares[share]) needs.shares = { ...needs.shares, [share]: units };
  if (units <= needs.units) return;
  needs.units = units;
  needs.from = source;
}

export interface Observed {
  readonly needs: Needs;
  /** Whether every signal that can be turned into nodes has a fresh reading: only then may nodes leave. */
  readonly complete: boolean;
}

/** Latest demand over what a node carries, by signal. */
export function observedNeeds(state: PlanState, pool: PoolConfig, nowMs: number, reasons: Reason[]): Observed {
  const needs = noNeeds();
  let complete = true;
  for (const signal of pool.signals) {
    if (signal.capacityPerNode === null) {
      reasons.push({ code: 'signal-without-capacity', text: `${signal.name}: ${whyUnknown(state, signal)}; ignored` });
      continue;
    }
    const reading = state.readings.find((one) => one.signal === signal.name);
    const ageMsMax = staleAfterMs(signal, state.tickMs);
    if (!reading || !Number.isFinite(reading.value)) {
      complete = false;
      reasons.push({ code: 'signal-missing', text: `${signal.name}: no reading; nodes stay` });
    } else if (nowMs - reading.timeMs > ageMsMax) {
      complete = false;
      const age = formatDuration(nowMs - reading.timeMs);
      reasons.push({
        code: 'signal-stale',
        text: `${signal.name}: the last reading is ${age} old, more than ${formatDuration(ageMsMax)}; ignored, nodes stay`,
      });
    } else {
      const units = Math.max(0, reading.value) / signal.capacityPerNode;
      addNeed(needs, `observed:${signal.name}`, units, `${shown(reading.value, signal)} now, ${perNode(signal)}`);
    }
  }
  return { needs, complete };
}

function staleAfterMs(signal: SignalConfig, tickMs: number): number {
  return STALE_INTERVALS * Math.max(signal.intervalMs, tickMs);
}

function whyUnknown({ capacities }: PlanState, signal: SignalConfig): string {
  const learned = capacities?.find((one) => one.signal === signal.name);
  return learned === undefined ? 'no capacity_per_node' : `no capacity_per_node, and none learned: ${learned.why}`;
}

export interface Forecasted {
  /** For the moment at which a machine ordered now is Ready. */
  readonly order: Needs;
  /** For the largest demand until `holdUntilMs`. */
  readonly hold: Needs;
  readonly rejected: readonly RejectedForecast[];
}

export function forecastNeeds(
  forecasts: readonly Forecast[],
  state: Pick<PlanState, 'unreadForecasts' | 'readings' | 'tickMs'>,
  pool: PoolConfig,
  nowMs: number,
  arrivalMs: number,
  holdUntilMs: number,
): Forecasted {
  const order = noNeeds();
  const hold = noNeeds();
  const rejected: RejectedForecast[] = [];
  if (!pool.forecast.enabled) return { order, hold, rejected };
  rejected.push(...state.unreadForecasts);
  const carriedShareMin = CARRIED_SHARE_MIN * smallestUnits(pool);
  const asked = newsvendorLevel(pool.shortageCostRatio);
  const { level, times } = provisionOf(asked);
  for (const forecast of forecasts) {
    const reason = whyRejected(forecast, pool, nowMs, arrivalMs);
    if (reason !== null) {
      rejected.push({ signal: forecast.signal, reason });
      continue;
    }
    const signal = pool.signals.find((one) => one.name === forecast.signal) as SignalConfig & {
      capacityPerNode: number;
    };
    const surge = surgeOf(forecast, signal, state, nowMs);
    const quantile = `quantile ${Number(asked.toFixed(6))} (${forecast.model})`;
    const above = surge > 0 ? `, ${shown(times * surge, signal)} of it for a load above the forecast` : '';
    const ask = (needs: Needs, verb: string, forecasted: number, when: string) => {
      const demand = times * (forecasted + surge);
      const units = Math.max(0, demand / signal.capacityPerNode - carriedShareMin);
      addNeed(
        needs,
        `${verb}:${signal.name}`,
        units,
        `${shown(demand, signal)} ${when} at ${quantile}${above}, ${perNode(signal)}`,
      );
    };
    ask(order, 'forecast', demandAt(forecast, level, arrivalMs), `in ${formatDuration(arrivalMs - nowMs)}`);
    const most = demandMaxUntil(forecast, level, holdUntilMs);
    ask(hold, 'hold', most, `at most within ${formatDuration(holdUntilMs - nowMs)}`);
  }
  return { order, hold, rejected };
}

/**
 * What the load of now is above the forecast. A reading that is stale says nothing about now; one of long before the
 * forecast was issued is of a moment that the forecast knows better.
 */
function surgeOf(
  forecast: Forecast,
  signal: SignalConfig,
  { readings, tickMs }: Pick<PlanState, 'readings' | 'tickMs'>,
  nowMs: number,
): number {
  const reading = readings.find((one) => one.signal === signal.name && Number.isFinite(one.value));
  if (!reading || nowMs - reading.timeMs > staleAfterMs(signal, tickMs)) return 0;
  if (reading.timeMs < forecast.issuedMs - signal.intervalMs) return 0;
  return surgeAt(forecast, reading.value, reading.timeMs);
}

/** Of the smallest machine that may be bought, in nodes of the template, and at most one of these. */
function smallestUnits(pool: PoolConfig): number {
  const units = offeringsOf(pool).map(({ allocatable }) => unitsOf(allocatable, pool.template.allocatable));
  return Math.min(1, ...units.filter((one) => one > 0));
}

function shown(value: number, signal: SignalConfig): string {
  return `${Number(value.toPrecision(4))}${signal.unit === '' ? '' : ` ${signal.unit}`}`;
}

function perNode(signal: SignalConfig): string {
  return `${shown(signal.capacityPerNode ?? 0, signal)} a node`;
}
