import type { Forecast } from '@forescale/shared/domain';
import { expect, test } from 'vitest';
import { accuracyPoints } from './forecast-points.ts';

const forecast = {
  pool: 'web',
  signal: 'rps',
  issuedMs: 60_000,
  model: 'combination',
} as Forecast;
const accuracy = { wql: 0.1, mase: 0.8, coverage90: 0.91, coverage99: 0.99, relativeError: 0.7, hours: 24 };

test('accuracy points: the comparison with seasonal-naive and how much of a day it stands for', () => {
  expect(accuracyPoints({ ...forecast, accuracy })).toEqual([
    {
      measurement: 'accuracy',
      tags: { pool: 'web', signal: 'rps', model: 'combination' },
      fields: { wql: 0.1, mase: 0.8, coverage90: 0.91, relative_error: 0.7, hours: 24 },
      timeMs: 60_000,
    },
  ]);
});

test('accuracy points: what nobody compared is left out, and nothing is written before a step has matured', () => {
  const [point] = accuracyPoints({ ...forecast, accuracy: { ...accuracy, relativeError: null, hours: null } });
  expect(Object.keys(point?.fields ?? {})).toEqual(['wql', 'mase', 'coverage90']);
  expect(accuracyPoints({ ...forecast, accuracy: null })).toEqual([]);
});
