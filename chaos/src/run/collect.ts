import { encodeSample, subjects } from '@forescale/shared/wire';
import { POOL, SIGNAL, TICK_MS } from '../world/scenario.ts';
import type { DayWorld } from './day-world.ts';

/** Has the pods follow the load, and does what the collector does with it: a sample a minute, where store and bus take it. */
export function collectEveryMinute(world: DayWorld): void {
  const { time, board, bus, kpis, workload, loadAt } = world;
  const nowMs = time.nowMs();
  const value = loadAt(nowMs);
  workload.follow(value);
  const source = { pool: POOL, signal: SIGNAL, source: 'app' };
  if (board.fateOf('store.write', null) === null)
    kpis.write([{ measurement: 'kpi', tags: source, fields: { value }, timeMs: nowMs }]);
  if (board.fateOf('bus.call', null) === null)
    bus
      .publish(subjects.sample(POOL, SIGNAL), encodeSample({ ...source, timeMs: nowMs, value }))
      .catch((error: unknown) => world.say(`a sample was not published: ${String(error)}`));
  time.at(nowMs + TICK_MS, () => collectEveryMinute(world));
}
