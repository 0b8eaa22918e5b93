import { integerOption } from '@forescale/cli/output';
import { Quality } from '@forescale/collector/quality';
import { parseConfig } from '@forescale/shared/config';
import { seededRandom } from '@forescale/shared/time';
import { listFlag, type Row, type RunBenchmark, textFlag } from '../benchmark.ts';
import { tracesOf } from '../forecast/traces.ts';
import { type Column, table } from '../table.ts';
import { marksOf } from './marks.ts';

const SERIES = [1, 100, 10_000] as const;
const RUNS = 9;
const SAMPLES = 200_000;

/** What the collector marks as odd: of loads as they are, and of what is put into them; and what looking costs. */
export const run: RunBenchmark = async (flags, stage) => {
  const seed = integerOption('--seed', textFlag(flags, 'seed') ?? '1', 0, 2 ** 31 - 1);
  const traces = await tracesOf(listFlag(flags, 'trace'));
  const rows: QualityRow[] = [];
  for (const [index, { name, series }] of traces.entries()) {
    stage.progress(index, traces.length);
    stage.signal.throwIfAborted();
    const { flagged, hits, after, shifted } = marksOf([...series.values], seededRandom(seed));
    const samples = series.values.length;
    rows.push({
      ...{ trace: name, samples, marked: flagged, marked_percent: (100 * flagged) / samples },
      ...{ spike_hits: hits.spike, tall_hits: hits.tall, drop_hits: hits.drop, after, shifted },
    });
  }
  const summary = [...totalsOf(rows), ...SERIES.map((series) => ({ series, ns_per_sample: nsPerSample(series) }))];
  return { rows, summary, words: wordsOf(rows, summary) };
};

interface QualityRow extends Row {
  readonly samples: number;
  readonly marked: number;
  readonly spike_hits: number;
  readonly tall_hits: number;
  readonly drop_hits: number;
}

/** Every sample counts as much as any other for what is marked, every trace for what is found. */
function totalsOf(rows: readonly QualityRow[]): Row[] {
  const sum = (of: (row: QualityRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  const mean = (key: 'spike_hits' | 'tall_hits' | 'drop_hits') => sum((row) => row[key]) / rows.length;
  const samples = sum((row) => row.samples);
  const marked = sum((row) => row.marked);
  return [
    {
      ...{ trace: 'all', samples, marked, marked_percent: (100 * marked) / samples },
      ...{ spike_hits: mean('spike_hits'), tall_hits: mean('tall_hits'), drop_hits: mean('drop_hits') },
    },
  ];
}

/** The median of several runs over so many series, whose samples come in turn. */
function nsPerSample(series: number): number {
  const { pools } = parseConfig('autoscaler: { pools: [{ name: web, signals: [{ name: load }] }] }', 'bench', {});
  const quality = new Quality(pools);
  const sources = Array.from({ length: series }, (_, index) => `source-${index}`);
  const random = seededRandom(1);
  const times = Array.from({ length: RUNS }, (_, run) => {
    const samples = Array.from({ length: SAMPLES }, (_, i) => ({
      ...{ pool: 'web', signal: 'load', source: sources[i % series] as string },
      ...{ timeMs: run * SAMPLES + i, value: 100 + random.next() },
    }));
    const startMs = performance.now();
    for (const sample of samples) quality.assess(sample, sample.timeMs);
    return ((performance.now() - startMs) * 1e6) / SAMPLES;
  });
  return Math.round(times.sort((a, b) => a - b)[RUNS >>> 1] as number);
}

function wordsOf(rows: readonly QualityRow[], [total = {}, ...costs]: readonly Row[]): string {
  const columns: Column[] = [
    ...[{ key: 'trace' }, { key: 'samples', digits: 0 }, { key: 'marked', digits: 0 }],
    { key: 'marked_percent', digits: 2 },
    ...['spike_hits', 'tall_hits', 'drop_hits', 'after'].map((key) => ({ key, digits: 2 })),
    { key: 'shifted', digits: 0 },
  ];
  const cost: Column[] = ['series', 'ns_per_sample'].map((key) => ({ key, digits: 0 }));
  return `${table([...rows, total], columns)}\n\n${table(costs, cost)}`;
}
