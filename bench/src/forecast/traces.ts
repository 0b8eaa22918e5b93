import { basename } from 'node:path';
import { UsageError } from '@forescale/cli/output';
import type { Series } from '@forescale/shared/domain';
import { readTrace } from '@forescale/shared/trace';
import { generateLoad, type LoadShape } from '@forescale/simulator/workload';

export interface NamedTrace {
  readonly name: string;
  readonly series: Series;
}

const MINUTE_MS = 60_000;
/** A Monday. */
const startMs = Date.UTC(2026, 0, 5);

/** What is measured where no trace was given: loads of several kinds, the same on every machine. */
const GENERATED: readonly (LoadShape & { readonly name: string })[] = [
  { name: 'generated-office-1m', seed: 11, startMs, days: 14, burstsPerDay: 0.5 },
  { name: 'generated-bursts-1m', seed: 12, startMs, days: 14, burstsPerDay: 12, burstShare: 0.6, noiseShare: 0.08 },
  { name: 'generated-growth-5m', seed: 13, startMs, days: 28, stepMs: 5 * MINUTE_MS, trendPerWeek: 0.25 },
  {
    name: 'generated-noise-5m',
    seed: 14,
    startMs,
    days: 28,
    stepMs: 5 * MINUTE_MS,
    dailyAmplitude: 0.15,
    noiseShare: 0.2,
  },
  { name: 'generated-shop-1h', seed: 15, startMs, days: 90, stepMs: 60 * MINUTE_MS, weekendFactor: 1.5 },
];

/** The traces in the files given, each named as its file is; generated loads where none was given. */
export async function tracesOf(paths: readonly string[]): Promise<NamedTrace[]> {
  if (paths.length === 0) return GENERATED.map((shape) => ({ name: shape.name, series: generateLoad(shape) }));
  const traces: NamedTrace[] = [];
  for (const path of paths) {
    const name = basename(path, '.csv');
    if (traces.some((trace) => trace.name === name)) {
      throw new UsageError(`--trace = ${path}: there is another ${name}; allowed: files of different names`);
    }
    traces.push({ name, series: await readTrace(path) });
  }
  return traces;
}
