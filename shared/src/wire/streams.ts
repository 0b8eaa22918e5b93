import type { StreamConfig } from '../bus/index.ts';

const DAY_MS = 86_400_000;
const MIB = 2 ** 20;

/** The durable streams, each with its limits. Whoever needs one makes sure that it is there. */
export const streams = {
  kpi: {
    name: 'FORESCALE_KPI',
    subjects: ['forescale.v1.kpi.>'],
    keep: 'all',
    maxAgeMs: 2 * DAY_MS,
    maxBytes: 512 * MIB,
  },
  forecast: {
    name: 'FORESCALE_FORECAST',
    subjects: ['forescale.v1.forecast.>'],
    keep: 'last',
    maxAgeMs: DAY_MS,
    maxBytes: 64 * MIB,
  },
  plan: {
    name: 'FORESCALE_PLAN',
    subjects: ['forescale.v1.plan.>'],
    keep: 'last',
    maxAgeMs: 7 * DAY_MS,
    maxBytes: 64 * MIB,
  },
  node: {
    name: 'FORESCALE_NODE',
    subjects: ['forescale.v1.node.>'],
    keep: 'all',
    maxAgeMs: 30 * DAY_MS,
    maxBytes: 64 * MIB,
  },
  training: {
    name: 'FORESCALE_TRAINING',
    subjects: ['forescale.v1.training.>'],
    keep: 'work',
    maxAgeMs: DAY_MS,
    maxBytes: 64 * MIB,
  },
} as const satisfies Record<string, StreamConfig>;
