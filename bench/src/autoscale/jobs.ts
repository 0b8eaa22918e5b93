import type { Run } from './runs.ts';

/** What every thread is given at the start; the arrays are shared, not copied. */
export interface ThreadData {
  readonly traces: readonly { readonly name: string; readonly timesMs: Float64Array; readonly values: Float64Array }[];
}

export type Job =
  /** Makes the forecasts of a trace, minute by minute, trained daily. */
  | { readonly kind: 'forecast'; readonly trace: string }
  /** Replays. `forecasts` for those that need them; `timeline`: where it is written to. */
  | {
      readonly kind: 'replay';
      readonly run: Run;
      readonly forecasts: SharedArrayBuffer | null;
      readonly timeline: string | null;
    };

export type Result =
  | { readonly kind: 'forecast'; readonly forecasts: SharedArrayBuffer; readonly trainSeconds: number }
  | {
      readonly kind: 'replay';
      readonly unmetDemandShare: number;
      readonly shortageTimeShare: number;
      readonly nodeSteps: number;
      readonly costRatio: number;
      readonly nodesCreated: number;
    };
