import {
  type BacktestOptions,
  type BacktestResult,
  backtest,
  type MaximaScores,
  METHOD_NAMES,
} from '@forescale/predictor/backtest';
import { cellsOf, usualStepMs } from '@forescale/predictor/model';
import { networks } from '@forescale/predictor/tensor';
import type { Row } from '../benchmark.ts';
import { type Answer, failure, type Measurement, measurementOf, medianOf, type Task } from './method-run.ts';
import { askPeer, type PeerResult } from './peer-process.ts';
import { MEDIAN, MEDIAN_OF, type Peer } from './peers.ts';
import type { NamedTrace } from './traces.ts';

const HOUR_MS = 3_600_000;
const TEST_FRACTION = 0.2;

/** How a trace is measured. */
export interface Protocol {
  /** Null: 12, and 24 for hourly and coarser traces. */
  readonly horizon: number | null;
  readonly origins: number;
  /** How many of the origins slow peers are asked for. */
  readonly slowOrigins: number;
}

/** Of how many parts `onProgress` of `measureTrace` is told: one a method, and the maxima. */
export function unitsOfTrace(peers: readonly Peer[]): number {
  return METHOD_NAMES.length + 1 + peers.flatMap(({ methods }) => methods).length;
}

/** Every method on one trace; what fails is a measurement that says so. */
export async function measureTrace(
  { name, series }: NamedTrace,
  peers: readonly Peer[],
  { horizon, origins, slowOrigins }: Protocol,
  signal: AbortSignal,
  onProgress: (units: number) => void,
): Promise<Measurement[]> {
  const options: BacktestOptions = {
    horizon: horizon ?? (usualStepMs(series) < HOUR_MS ? 12 : 24),
    origins,
    testFraction: TEST_FRACTION,
    methods: METHOD_NAMES,
    maxima: true,
    nowMs: () => performance.now(),
  };
  let result: BacktestResult;
  const onPart = (units: number) => {
    signal.throwIfAborted();
    onProgress(units);
  };
  try {
    result = await backtest(series, options, networks, onPart);
  } catch (error) {
    signal.throwIfAborted();
    return [failure(name, 'forescale', (error as Error).message)];
  }
  const cells = cellsOf(series, 1000 * result.step);
  const task: Task = {
    trace: name,
    stepSeconds: result.step,
    firstCell: cells.firstCell,
    values: cells.means,
    horizon: result.horizon,
    origins: result.origins,
  };
  const own = Object.entries(result.methods).map(([method, { seconds, forecasts }]) => {
    const more = method === 'forescale' ? maximaRow(result.maxima) : {};
    return measurementOf(task, method, { origins: task.origins, forecasts, seconds }, more);
  });
  let units = METHOD_NAMES.length + 1;
  const answers = new Map<string, PeerResult>();
  for (const peer of peers) {
    const asked = peer.slow ? someOf(task.origins, slowOrigins) : task.origins;
    const results = await askPeer(peer, task, asked, signal, () => onProgress(++units));
    for (const [method, answer] of results) answers.set(method, answer);
  }
  return [...own, ...peerMeasurements(task, answers)];
}

/** Spread over all of them. */
function someOf(origins: readonly number[], count: number): number[] {
  const share = Math.min(1, count / origins.length);
  return origins.filter((_, i) => Math.floor((i + 1) * share) > Math.floor(i * share));
}

function peerMeasurements(task: Task, answers: ReadonlyMap<string, PeerResult>): Measurement[] {
  const measured = [...answers].map(([method, result]) =>
    'failed' in result ? failure(task.trace, method, result.failed) : measurementOf(task, method, result),
  );
  const combined = MEDIAN_OF.map((method) => answers.get(method)).filter(
    (result): result is Answer => result !== undefined && !('failed' in result),
  );
  return combined.length < 2 ? measured : [...measured, measurementOf(task, MEDIAN, medianOf(combined))];
}

function maximaRow(maxima: MaximaScores): Row {
  return Object.fromEntries(
    Object.entries(maxima).flatMap(([minutes, { coverage, relative }]) => [
      [`max${minutes}_coverage95`, coverage['0.95'] ?? null],
      [`max${minutes}_loss`, relative],
    ]),
  );
}
