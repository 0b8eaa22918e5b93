/*
 * The JSON documents that the page reads, as types only: nothing of this file reaches the browser. They are those
 * fields of the actuator's answers that the page uses; all times are RFC 3339, columns are in epoch seconds.
 */
import type { PlanData } from '@forescale/shared/wire';

export type Mode = 'observe' | 'enforce';

export interface Signal {
  readonly name: string;
  readonly unit: string;
  readonly capacityPerNode: number | null;
}

export interface Pool {
  readonly name: string;
  readonly mode: Mode;
  readonly paused: boolean;
  readonly provider: string;
  readonly signals: readonly Signal[];
  readonly bounds: {
    readonly min: number;
    readonly minFrom: string;
    readonly max: number;
    readonly maxFrom: string;
    readonly usdPerHourMax: number | null;
  };
  readonly ready: number | null;
  readonly starting: number | null;
  readonly draining: number | null;
  readonly desired: number | null;
  readonly usdPerHour: number | null;
  readonly reactiveUsdPerHour: number | null;
  /** What both rest on. */
  readonly prices: { readonly source: 'configured' | 'static' | 'live' | 'unknown'; readonly asOf: string | null };
}

export interface PoolsDocument {
  readonly now: string;
  readonly notice: string | null;
  readonly pools: readonly Pool[];
}

export interface Decision {
  readonly time: string;
  readonly mode: Mode;
  readonly kind: string;
  readonly target: string;
  readonly count: number;
  readonly why: string;
}

export interface PlanDocument {
  readonly now: string;
  readonly plan: PlanData | null;
  readonly decisions: readonly Decision[];
}

export interface WhatIfKnob {
  readonly name: string;
  readonly unit: '' | 'min' | 'nodes';
  readonly current: number;
  /** Ascending. */
  readonly values: readonly number[];
}

export interface WhatIfOutcome {
  readonly usd: number;
  readonly unmet_demand_share: number;
  readonly shortage_minutes: number;
  readonly nodes_created: number;
}

export interface WhatIfComparison {
  readonly hours: number;
  readonly as_is: WhatIfOutcome;
  readonly changed: WhatIfOutcome;
}

export interface WhatIfDocument {
  readonly now: string;
  readonly knobs: readonly WhatIfKnob[];
  readonly comparison: WhatIfComparison | null;
}

export interface SignalForecast {
  readonly signal: string;
  readonly issued: string;
  readonly valid_until: string;
  readonly step_seconds: number;
  readonly times: readonly string[];
  /** By level, for example "0.9"; each as long as `times`. */
  readonly quantiles: Readonly<Record<string, readonly number[]>>;
  readonly model: string;
  readonly backend: string;
  readonly weights: Readonly<Record<string, number>>;
  readonly accuracy: {
    readonly wql: number;
    readonly mase: number;
    readonly coverage90: number;
    readonly coverage99: number;
  } | null;
}

export interface ForecastDocument {
  readonly now: string;
  readonly forecasts: readonly SignalForecast[];
}

export interface Source {
  readonly name: string;
  readonly state: 'ok' | 'stale' | 'away' | 'refusing';
  readonly reason: string | null;
  readonly newest: string | null;
  readonly lag_seconds: number | null;
  readonly refused: number;
}

export interface SourcesDocument {
  readonly now: string;
  /** Null: no collector was heard of. */
  readonly sources: readonly Source[] | null;
}

type Column = readonly (number | null)[];

interface Quantiles {
  readonly q10: Column;
  readonly q50: Column;
  readonly q90: Column;
  readonly q99: Column;
}

/** By column: every array is as long as `times`. */
export interface HistoryDocument {
  readonly now: string;
  readonly pool: string;
  readonly signal: string;
  readonly unit: string;
  readonly step_seconds: number;
  readonly times: readonly number[];
  readonly load: Column;
  readonly forecasts: Readonly<Record<'5m' | '15m' | '60m', Quantiles>>;
  readonly ready: Column;
  readonly starting: Column;
  readonly need: Column;
  readonly desired: Column;
  readonly floor: Column;
  readonly ceiling: Column;
  readonly usd_per_hour: Column;
  readonly reactive_usd_per_hour: Column;
}
