import { describe, expect, it } from 'vitest';
import { TraceSource } from './trace-source.ts';

const series = { timesMs: Float64Array.of(10, 20, 30, 40), values: Float64Array.of(1, 2, 3, 4) };
const values = (source: TraceSource, nowMs: number) => source.until(nowMs).map(({ timeMs, value }) => [timeMs, value]);

describe('replay of a trace', () => {
  it('gives each sample once, when it is due', () => {
    const source = new TraceSource('web', 'load', series, 0);
    expect(values(source, 5)).toEqual([]);
    expect(values(source, 20)).toEqual([
      [10, 1],
      [20, 2],
    ]);
    expect(values(source, 20)).toEqual([]);
    expect(values(source, 1_000)).toEqual([
      [30, 3],
      [40, 4],
    ]);
    expect(values(source, 2_000)).toEqual([]);
  });

  it('begins after what was imported, and never goes back', () => {
    const source = new TraceSource('web', 'load', series, 20);
    expect(source.until(30)).toEqual([{ pool: 'web', signal: 'load', source: 'trace', timeMs: 30, value: 3 }]);
    expect(values(source, 0)).toEqual([]);
    expect(values(source, 40)).toEqual([[40, 4]]);
  });
});
