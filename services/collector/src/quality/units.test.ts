import { describe, expect, it } from 'vitest';
import { unitFactor } from './units.ts';

describe('units', () => {
  it.each<[from: string, to: string, factor: number | null]>([
    ['ms', 's', 0.001],
    ['s', 'ms', 1_000],
    ['min', 's', 60],
    ['By', 'KiBy', 1 / 1_024],
    ['GiB', 'B', 2 ** 30],
    ['MB', 'bytes', 1e6],
    ['Gi', 'GiB', 1],
    ['%', '1', 0.01],
    ['1', '%', 100],
    ['{request}/s', 'rps', 1],
    ['req/min', '1/s', 1 / 60],
    ['rpm', 'qps', 1 / 60],
    ['KB/s', 'By/s', 1_000],
    ['millicores', 'cores', 0.001],
    ['Mbit/s', 'MB/s', 1 / 8],
    ['kBy', 'KB', 1],
    ['Milliseconds', 's', 0.001],
    ['Requests/Min', '{request}/s', 1 / 60],
    ['VCPUs', 'cores', 1],
    // Nobody can tell whether these are bits or bytes.
    ['Mb/s', 'MB/s', null],
    ['gb', 'B', null],
    // A megasecond and a millibyte to UCUM, and a slip to whoever wrote it.
    ['Ms', 's', null],
    ['mB', 'B', null],
    ['{vehicle}', '1', 1],
    ['furlong', 'furlong', 1],
    ['furlong', 'm', null],
    ['s', 'B', null],
    ['1/s', '1', null],
    ['a/b/c', '1', null],
    ['constructor', '1', null],
  ])('%s in %s', (from, to, factor) => {
    const found = unitFactor(from, to);
    if (factor === null) expect(found).toBeNull();
    else expect(found).toBeCloseTo(factor, 12);
  });
});
