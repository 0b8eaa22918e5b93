import { type OnlineForecast, OnlineForecaster } from '@forescale/predictor/model';
import { networks, selectBackend } from '@forescale/predictor/tensor';
import { MAX_LEAD_MINUTES } from '@forescale/shared/domain';
import { readTrace } from '@forescale/shared/trace';
import { encodeAccuracy } from '@forescale/shared/wire';
import { wordsTo, writeJson } from '../output/json.ts';
import { startProgress } from '../output/progress.ts';
import { integerOption } from '../output/usage.ts';

export interface ForecastFlags {
  readonly horizon: string;
  readonly json?: string;
}

/** `forescale forecast`: learns a recorded load and says what comes next, as quantiles. */
export async function forecast(path: string, flags: ForecastFlags): Promise<void> {
  const steps = integerOption('--horizon', flags.horizon, 1, 2_016);
  const progress = startProgress('forecast');
  const { timesMs, values } = await readTrace(path);
  const { name: backend } = await selectBackend();
  const forecaster = new OnlineForecaster({ rawStepMs: null, steps });
  for (let index = 0; index < timesMs.length; index++)
    forecaster.observe(timesMs[index] as number, values[index] as number);
  await forecaster.train(networks, undefined, (done, of) => progress.update(done, of));
  progress.end();
  const issued = forecaster.forecast(timesMs.at(-1) as number);
  if (!issued) throw new Error(`${path}: no forecast from ${timesMs.length} samples`);
  if (flags.json !== undefined) await writeJson(flags.json, document(issued, backend));
  wordsTo(flags.json).write(`${table(path, backend, issued)}\n`);
}

/** Shaped as the forecasts on the bus. */
function document(issued: OnlineForecast, backend: string) {
  const byLevel = <T>(pick: (level: number) => T) =>
    Object.fromEntries(issued.levels.map((level, index) => [level, pick(index)]));
  return {
    issued: new Date(issued.issuedMs).toISOString(),
    step_seconds: issued.stepMs / 1_000,
    times: issued.timesMs.map((timeMs) => new Date(timeMs).toISOString()),
    quantiles: byLevel((level) => issued.quantiles[level]),
    max_quantiles: Object.fromEntries(
      MAX_LEAD_MINUTES.map((minutes, lead) => [minutes, byLevel((level) => issued.maxQuantiles[level]?.[lead])]),
    ),
    model: issued.model,
    backend,
    weights: issued.weights,
    accuracy: issued.accuracy && encodeAccuracy(issued.accuracy),
  };
}

function table(path: string, backend: string, issued: OnlineForecast): string {
  const header = ['time', ...issued.levels.map((level) => `q${level}`)];
  const rows = issued.timesMs.map((timeMs, step) => [
    new Date(timeMs).toISOString().slice(0, 16),
    ...issued.quantiles.map((values) => (values[step] as number).toPrecision(5)),
  ]);
  const line = (cells: readonly string[]) =>
    cells.map((cell, index) => (index === 0 ? cell.padEnd(17) : cell.padStart(11))).join('');
  return [
    `${path}: ${issued.model}, backend ${backend}, step ${issued.stepMs / 1_000} s`,
    line(header),
    ...rows.map(line),
  ].join('\n');
}
