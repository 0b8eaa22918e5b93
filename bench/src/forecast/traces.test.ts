import { usualStepMs } from '@forescale/predictor/model';
import { expect, it } from 'vitest';
import { tracesOf } from './traces.ts';

it('without a trace, loads are generated whose names tell their step, the same each time', async () => {
  const traces = await tracesOf([]);
  const steps = { '1m': 60_000, '5m': 300_000, '1h': 3_600_000 };
  for (const { name, series } of traces) {
    expect(usualStepMs(series), name).toBe(steps[name.slice(-2) as keyof typeof steps]);
    expect(series.values.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
  }
  expect(new Set(traces.map(({ name }) => name)).size).toBe(5);
  expect(await tracesOf([])).toEqual(traces);
});
