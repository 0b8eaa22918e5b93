import { SignalHistory } from '@forescale/predictor/service';
import type { SignalConfig } from '@forescale/shared/config';
import { joinSeries, type Series } from '@forescale/shared/domain';
import type { Store } from '@forescale/shared/store';
import { UsageError } from '../output/usage.ts';

/** As many as a trace may have rows. */
const SAMPLES_MAX = 50_000_000;

/** The whole history of one signal up to `nowMs`, its sources combined as the predictor does. */
export async function readHistory(store: Store, pool: string, signal: SignalConfig, nowMs: number): Promise<Series> {
  const history = new SignalHistory(store, pool, signal, 0);
  const pages: Series[] = [];
  let samples = 0;
  for (let page = await history.next(nowMs); page.timesMs.length > 0; page = await history.next(nowMs)) {
    pages.push(page);
    samples += page.timesMs.length;
    if (samples > SAMPLES_MAX) {
      throw new UsageError(`--from-store = ${pool}/${signal.name}: too long; allowed: up to ${SAMPLES_MAX} samples`);
    }
  }
  if (samples === 0) {
    throw new UsageError(
      `--from-store = ${pool}/${signal.name}: no samples; allowed: a signal with history (see import)`,
    );
  }
  return joinSeries(pages);
}
