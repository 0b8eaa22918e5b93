import { type BacktestResult, BacktestTooShortError, backtest } from '@forescale/predictor/backtest';
import { networks, selectBackend } from '@forescale/predictor/tensor';
import { readTrace } from '@forescale/shared/trace';
import { wordsTo, writeJson } from '../output/json.ts';
import { startProgress } from '../output/progress.ts';
import { integerOption, numberOption, UsageError } from '../output/usage.ts';

export interface BacktestFlags {
  readonly horizon: string;
  readonly step?: string;
  readonly origins: string;
  readonly testFraction: string;
  readonly json?: string;
}

/** `forescale backtest`: how good the forecasts would have been on a recorded load. */
export async function backtestTrace(path: string, flags: BacktestFlags): Promise<void> {
  const options = {
    horizon: integerOption('--horizon', flags.horizon, 1, 2_016),
    origins: integerOption('--origins', flags.origins, 1, 10_000),
    testFraction: numberOption('--test-fraction', flags.testFraction, 0.01, 0.9),
    ...(flags.step === undefined ? {} : { stepMs: 1_000 * integerOption('--step', flags.step, 1, 86_400) }),
    maxima: true,
    nowMs: () => performance.now(),
  };
  const progress = startProgress('backtest');
  const series = await readTrace(path);
  const backend = await selectBackend();
  const result = await evaluate(path, () =>
    backtest(series, options, networks, (done, of) => progress.update(done, of)),
  );
  progress.end();
  if (flags.json !== undefined) await writeJson(flags.json, result);
  wordsTo(flags.json).write(`${table(path, backend.name, result)}\n`);
}

async function evaluate(path: string, run: () => Promise<BacktestResult>): Promise<BacktestResult> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof BacktestTooShortError)) throw error;
    throw new UsageError(`${path}: ${error.message}; allowed: a longer trace or a smaller --horizon`, { cause: error });
  }
}

function table(path: string, backend: string, result: BacktestResult): string {
  const rows = Object.entries(result.scores).map(([method, score]) => {
    const seconds = result.methods[method]?.seconds ?? 0;
    const coverage = score.coverage['0.9'] ?? Number.NaN;
    return `${method.padEnd(18)} ${score.wql.toFixed(4).padStart(8)} ${score.mase.toFixed(3).padStart(8)} ${coverage.toFixed(3).padStart(13)} ${seconds.toFixed(1).padStart(8)}`;
  });
  return [
    `${path}: ${result.origins.length} origins, ${result.horizon} steps of ${result.step} s, backend ${backend}`,
    `${'method'.padEnd(18)} ${'WQL'.padStart(8)} ${'MASE'.padStart(8)} ${'coverage 0.9'.padStart(13)} ${'seconds'.padStart(8)}`,
    ...rows,
    ...maximaLines(result),
  ].join('\n');
}

function maximaLines({ maxima }: BacktestResult): string[] {
  return Object.entries(maxima).map(([minutes, { moments, coverage, relative }]) => {
    const covered = ['0.9', '0.95', '0.99'].map((level) => `${level}: ${coverage[level]?.toFixed(3)}`).join(', ');
    return `maximum over ${minutes.padStart(2)} min: loss ${relative.toFixed(4)}, coverage ${covered} (${moments} moments)`;
  });
}
