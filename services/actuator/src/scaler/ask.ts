import type { PoolConfig, SignalConfig } from '@forescale/shared/config';
import { FORECAST_LEVELS } from '@forescale/shared/domain';
import { formatDuration, parseDurationMs } from '@forescale/shared/time';
import { AskError, shown } from './errors.ts';

/** The load that somebody wants to know: the quantile of its maximum over the next `leadMs`. */
export interface LoadAsk {
  readonly pool: PoolConfig;
  readonly signal: SignalConfig;
  readonly quantile: number;
  readonly leadMs: number;
}

/** A load, and what it means in replicas. */
export interface ScaleAsk extends LoadAsk {
  /** What one replica carries, in the unit of the signal. */
  readonly target: number;
  /** Above it there has to be a replica at all. */
  readonly activation: number;
}

export type Asked = Readonly<Record<string, string>>;

const QUANTILE = 0.95;
/** What a pod takes from being wanted to serving: pull, start, warm up. */
const LEAD_MS = 120_000;
const LEAD_MS_MIN = 1_000;
const VALUE_MAX = 1e15;

const LOAD_KEYS = ['pool', 'signal', 'quantile', 'lead'];
const SCALE_KEYS = [...LOAD_KEYS, 'target', 'activation'];

/** Throws `AskError`. */
export function parseLoadAsk(asked: Asked, pools: readonly PoolConfig[]): LoadAsk {
  refuseUnknown(asked, LOAD_KEYS);
  return loadAsk(asked, pools);
}

/** `ignored`: keys that are meant for somebody else. Throws `AskError`. */
export function parseScaleAsk(asked: Asked, pools: readonly PoolConfig[], ignored: readonly string[]): ScaleAsk {
  const ours = Object.fromEntries(Object.entries(asked).filter(([key]) => !ignored.includes(key)));
  refuseUnknown(ours, SCALE_KEYS);
  return {
    ...loadAsk(ours, pools),
    target: numberIn(ours, 'target', 1e-9, VALUE_MAX),
    activation: numberIn(ours, 'activation', 0, VALUE_MAX, 0),
  };
}

function loadAsk(asked: Asked, pools: readonly PoolConfig[]): LoadAsk {
  const pool = named(asked, 'pool', pools);
  const signal = named(asked, 'signal', pool.signals);
  const quantile = numberIn(asked, 'quantile', FORECAST_LEVELS[0], FORECAST_LEVELS.at(-1) as number, QUANTILE);
  return { pool, signal, quantile, leadMs: leadIn(asked, pool) };
}

/** A forecast reaches its horizon from when it was issued on, and may be as old as it is valid. */
function leadIn(asked: Asked, { forecast }: PoolConfig): number {
  const maxMs = Math.max(LEAD_MS_MIN, forecast.horizonMs - forecast.validForMs);
  const text = asked.lead;
  if (text === undefined) return Math.min(LEAD_MS, maxMs);
  const leadMs = parseDurationMs(text);
  if (leadMs !== null && leadMs >= LEAD_MS_MIN && leadMs <= maxMs) return leadMs;
  throw refused(asked, 'lead', `a duration from 1s to ${formatDuration(maxMs)}, such as 2m`);
}

function numberIn(asked: Asked, field: string, min: number, max: number, absent?: number): number {
  const text = asked[field];
  if (text === undefined && absent !== undefined) return absent;
  const value =
    text !== undefined && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw refused(asked, field, `a number from ${min} to ${max}`);
}

function named<Thing extends { readonly name: string }>(asked: Asked, field: string, known: readonly Thing[]): Thing {
  const found = known.find(({ name }) => name === asked[field]);
  if (found) return found;
  throw refused(asked, field, known.map(({ name }) => name).join(', '));
}

/** A misspelt key would otherwise mean its default. */
function refuseUnknown(asked: Asked, keys: readonly string[]): void {
  const unknown = Object.keys(asked).find((key) => !keys.includes(key));
  if (unknown === undefined) return;
  throw new AskError(`${shown(unknown)}: unknown; allowed: ${keys.join(', ')}`);
}

function refused(asked: Asked, field: string, allowed: string): AskError {
  const value = asked[field];
  return new AskError(`${field} ${value === undefined ? 'is absent' : `= ${shown(value)}`}; allowed: ${allowed}`);
}
