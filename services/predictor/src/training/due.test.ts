import { expect, it } from 'vitest';
import { type ModelAge, reasonToTrain } from './due.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const AGE: ModelAge = {
  trainedMs: 0,
  trainedCells: 1_000,
  cells: 1_000,
  cellsMax: 8_064,
  isOffered: false,
  drifted: false,
};

it.each<[what: string, age: Partial<ModelAge>, nowMs: number, reason: string | null]>([
  ['no model yet', { trainedMs: null, trainedCells: 0 }, 0, 'first'],
  ['a young model without a network, and the first one of all series', { isOffered: true }, 1, 'first'],
  ['a young model', {}, DAY_MS - 1, null],
  ['a model as old as it may be', {}, DAY_MS, 'schedule'],
  ['forecasts that have got worse', { drifted: true }, HOUR_MS, 'drift'],
  ['not quite twice the history', { cells: 1_999 }, HOUR_MS, null],
  ['twice the history', { cells: 2_000 }, HOUR_MS, 'data'],
  ['a history that is full for the first time', { trainedCells: 4_032, cells: 8_064 }, HOUR_MS, 'data'],
  ['a history that has grown beyond what is kept', { trainedCells: 5_000, cells: 20_000 }, HOUR_MS, null],
  ['a model of a full history', { trainedCells: 8_064, cells: 90_000 }, HOUR_MS, null],
  ['a model of nothing, and still nothing', { trainedCells: 0, cells: 0 }, HOUR_MS, null],
  ['a model of nothing, and the first cell', { trainedCells: 0, cells: 1 }, HOUR_MS, 'data'],
])('%s', (_, age, nowMs, reason) => {
  expect(reasonToTrain({ ...AGE, ...age }, nowMs, DAY_MS)).toBe(reason);
});
