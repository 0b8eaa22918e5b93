import { z } from 'zod';
import { choice, duration, list, number, section, text } from './issues.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const bootMs = duration(0, 2 * HOUR_MS, 'up to 2h');
const BOOT = 'allowed: a duration such as "180s", or { p50: "90s", p95: "150s" } with a p50 of at most p95';

/** Of a machine, from its request to Ready: always the same, or a lognormal with this median and 95th percentile. */
const bootSchema = z.union(
  [
    bootMs.transform((ms) => ({ kind: 'fixed' as const, ms })),
    section({
      p50: duration(1_000, 2 * HOUR_MS, 'from 1s to 2h'),
      p95: duration(1_000, 2 * HOUR_MS, 'from 1s to 2h'),
    })
      .refine(({ p50, p95 }) => p50 <= p95)
      .transform(({ p50, p95 }) => ({ kind: 'lognormal' as const, p50Ms: p50, p95Ms: p95 })),
  ],
  { error: BOOT },
);

const place = (what: string) => text(/^[\w-]{1,63}$/, what);

const priceSchema = section({
  instance_type: text(/^[\w.-]{1,63}$/, 'an instance type such as "m7g.xlarge"'),
  region: place('a region').optional(),
  zone: place('a zone').optional(),
  capacity_type: choice(['on_demand', 'spot']).default('on_demand'),
  from: z.iso
    .datetime({ offset: true, error: 'allowed: a time such as "2026-03-01T00:00:00Z", in quotes' })
    .transform((iso) => Date.parse(iso)),
  usd_per_hour: number(0, 10_000),
}).transform((raw) => ({
  instanceType: raw.instance_type,
  region: raw.region ?? null,
  zone: raw.zone ?? null,
  capacityType: raw.capacity_type,
  fromMs: raw.from,
  usdPerHour: raw.usd_per_hour,
}));

/** How the simulated cloud of `forescale simulate` behaves. Nothing else reads it. */
export const simulationSchema = section({
  boot: bootSchema.optional(),
  drain: duration(0, DAY_MS, 'from 0s to 1d').default(0),
  create_failure_share: number(0, 1).default(0),
  spot_reclaims_per_hour: number(0, 1).default(0),
  reclaim_notice: duration(0, HOUR_MS, 'from 0s to 1h').default(120_000),
  min_billing: duration(0, DAY_MS, 'from 0s to 1d').optional(),
  prices: list(priceSchema, 0, 100_000, 'prices').default([]),
}).transform((raw) => ({
  /** Null: the pool's lead time. */
  boot: raw.boot ?? null,
  drainMs: raw.drain,
  createFailureShare: raw.create_failure_share,
  spotReclaimsPerHour: raw.spot_reclaims_per_hour,
  reclaimNoticeMs: raw.reclaim_notice,
  /** Null: the pool's `scale_down.min_billing`. */
  minBillingMs: raw.min_billing ?? null,
  prices: raw.prices,
}));

export type SimulationConfig = z.output<typeof simulationSchema>;
