/** What a measuring process is told to do; it does it as soon as it is told. */
export type CollectTask =
  | { readonly kind: 'raw-points'; readonly influxUrl: string; readonly from: number; readonly points: number }
  | { readonly kind: 'points'; readonly influxUrl: string; readonly natsUrl: string; readonly points: number }
  | { readonly kind: 'kpis'; readonly influxUrl: string; readonly natsUrl: string; readonly messages: number }
  | { readonly kind: 'raw-consumer'; readonly natsUrl: string; readonly durable: string; readonly messages: number }
  | { readonly kind: 'raw-subscriber'; readonly natsUrl: string; readonly messages: number };

export interface CollectTimes {
  /** From the first to the last. */
  readonly seconds: number;
  /** After each tenth of the work. */
  readonly rssMb: readonly number[];
}

/** Signals of the one pool, each a series. */
export const SIGNALS = 100;
export const POOL = 'web';
export const signalOf = (index: number) => `load-${index % SIGNALS}`;
/** Points of a series are a second apart, and the last of all is now. */
export const timeOf = (index: number, of: number, nowMs: number) => nowMs - (of - index) * 10;
export const loadOf = (index: number) => 100 + (index % 977) / 7;
