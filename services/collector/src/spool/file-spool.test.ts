import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Sample } from '@forescale/shared/domain';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeBatch } from './encoding.ts';
import { type FileSpoolOptions, openFileSpool } from './file-spool.ts';
import { type Spool, SpoolError } from './spool.ts';

const samples = (from: number, to: number, source = 'test'): Sample[] =>
  Array.from({ length: to - from }, (_, index) => ({
    pool: 'web',
    signal: 'rps',
    source,
    timeMs: from + index,
    value: (from + index) / 7,
  }));

let directory: string;
let path: string;
let spool: Spool;
let setAside: [message: string, lost: number][];
const open = (options: Partial<FileSpoolOptions> = {}) =>
  openFileSpool({
    path,
    bytesMax: 16 * 2 ** 20,
    onSetAside: (message, lost) => void setAside.push([message, lost]),
    ...options,
  });
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'forescale-spool-'));
  path = join(directory, 'data', 'spool.db');
  setAside = [];
  spool = await open();
});
afterEach(() => {
  spool.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Everything that waits, oldest first, and none afterwards. */
function drain(from: Spool, atOnce = 5_000): Sample[] {
  const drained: Sample[] = [];
  for (let batch = from.oldest(atOnce); batch; batch = from.oldest(atOnce)) {
    drained.push(...batch.samples);
    from.remove(batch);
  }
  expect(from.samples).toBe(0);
  return drained;
}

describe('spool: samples', () => {
  it('come back as they went, oldest first, in batches as large as asked for', () => {
    for (const from of [0, 10, 20]) expect(spool.append(samples(from, from + 10))).toBe(0);
    expect(spool.samples).toBe(30);
    expect(spool.oldest(25)?.samples).toEqual(samples(0, 20));
    expect(spool.oldest(1)?.samples).toEqual(samples(0, 10));
    expect(drain(spool)).toEqual(samples(0, 30));
    expect(spool.append([])).toBe(0);
    expect(spool.oldest(5)).toBeNull();
  });

  it('keep every number and name as it is, and their order within a series', () => {
    const series = (source: string) => (sample: Sample) => sample.source === source;
    const any = fc.record({
      pool: fc.string(),
      signal: fc.string(),
      source: fc.constantFrom('a', 'b"\n', '節🚀'),
      timeMs: fc.integer({ min: -1e12, max: 4e12 }),
      value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    });
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 30 }), (written) => {
        spool.append(written.map((sample) => ({ ...sample, pool: 'p', signal: 's' })));
        const read = drain(spool);
        for (const source of ['a', 'b"\n', '節🚀'])
          expect(read.filter(series(source))).toEqual(
            written.filter(series(source)).map((sample) => ({ ...sample, pool: 'p', signal: 's' })),
          );
      }),
      { numRuns: 50 },
    );
  });

  it('that are appended while others are on their way are not removed with them', () => {
    spool.append(samples(0, 10));
    const batch = spool.oldest(100);
    spool.append(samples(10, 20));
    if (batch) spool.remove(batch);
    expect(drain(spool)).toEqual(samples(10, 20));
    // Emptied, it gives no number of a batch again.
    spool.append(samples(20, 30));
    expect(drain(spool)).toEqual(samples(20, 30));
  });

  it('outlive the process; what was removed does not come back', async () => {
    spool.append(samples(0, 10));
    spool.append(samples(10, 20));
    const batch = spool.oldest(10);
    if (batch) spool.remove(batch);
    spool.close();
    spool = await open();
    expect(spool.samples).toBe(10);
    expect(drain(spool)).toEqual(samples(10, 20));
  });

  it('survive kill -9 right after the append has returned', async () => {
    spool.close();
    const module = new URL('./index.ts', import.meta.url).href;
    const script = `
      const { openFileSpool } = await import(${JSON.stringify(module)});
      const spool = await openFileSpool({ path: ${JSON.stringify(path)}, bytesMax: 16 * 2 ** 20, onSetAside() {} });
      for (let n = 0; n < 100; n++)
        spool.append([{ pool: 'web', signal: 'rps', source: 'test', timeMs: n, value: n / 7 }]);
      process.kill(process.pid, 'SIGKILL');`;
    const ended = spawnSync(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      '--input-type=module',
      '-e',
      script,
    ]);
    expect(ended.signal, ended.stderr.toString()).toBe('SIGKILL');
    spool = await open();
    expect(drain(spool)).toEqual(samples(0, 100));
  });
});

describe('spool: bounds', () => {
  it('the oldest go first, and are counted; the file stays within its bound and a few MiB', async () => {
    spool.close();
    const bytesMax = 200_000;
    spool = await open({ bytesMax });
    let dropped = 0;
    for (let n = 0; n < 200; n++) dropped += spool.append(samples(n * 100, n * 100 + 100));
    expect(dropped).toBeGreaterThan(0);
    expect(spool.samples).toBe(20_000 - dropped);
    expect(drain(spool)).toEqual(samples(dropped, 20_000));
    spool.close();
    expect(statSync(path).size).toBeLessThan(2 * bytesMax);
    spool = await open();
  });

  it('a full disk: nothing is taken, what is there stays and comes out, and then there is room again', async () => {
    spool.close();
    spool = await open({ pagesMax: 40 });
    let taken = 0;
    const fill = () => {
      for (;;) {
        spool.append(samples(taken, taken + 100));
        taken += 100;
      }
    };
    expect(fill).toThrow(SpoolError);
    expect(fill).toThrow(/spool.db: database or disk is full/);
    expect(spool.samples).toBe(taken);
    expect(spool.oldest(1_000_000)?.samples).toEqual(samples(0, taken));
    expect(drain(spool)).toEqual(samples(0, taken));
    spool.append(samples(0, 100));
    expect(drain(spool)).toEqual(samples(0, 100));
  });

  it('a second process is refused: its samples would be written by two', async () => {
    await expect(open()).rejects.toThrow(/locked/);
  });

  it('a disk that is full at the start: what is there comes out', async () => {
    spool.append(samples(0, 100));
    spool.close();
    spool = await open({ pagesMax: 1 });
    expect(() => spool.append(samples(100, 10_000))).toThrow(/full/);
    expect(drain(spool)).toEqual(samples(0, 100));
  });

  it('closed, it takes nothing', () => {
    spool.close();
    expect(() => spool.append(samples(0, 1))).toThrow(/closed/);
  });
});

describe('spool: a file that is corrupt', () => {
  /** Overwrites the pages behind the first, where the samples are. */
  function spoil(): void {
    const content = readFileSync(path);
    content.fill(0xa5, 4_096);
    writeFileSync(path, content);
  }

  it('is put aside with a line that names both files, and a new one is begun', async () => {
    for (let n = 0; n < 10; n++) spool.append(samples(n * 1_000, n * 1_000 + 1_000));
    spool.close();
    spoil();
    const spoilt = readFileSync(path).subarray(4_096);
    spool = await open();
    expect(spool.samples).toBe(0);
    expect(setAside).toHaveLength(1);
    expect(setAside[0]?.[0]).toMatch(
      /spool.db is corrupt \(.*\): put aside as .*spool.db.corrupt-1, a new one is begun/,
    );
    expect(readFileSync(`${path}.corrupt-1`).subarray(4_096)).toEqual(spoilt);
    spool.append(samples(0, 10));
    expect(drain(spool)).toEqual(samples(0, 10));
  });

  it('no database at all: the same, and never over one that was put aside before', async () => {
    for (const n of [1, 2]) {
      spool.close();
      writeFileSync(path, 'not what it was '.repeat(1_000));
      spool = await open();
      expect(readdirSync(join(directory, 'data'))).toContain(`spool.db.corrupt-${n}`);
    }
    expect(setAside).toHaveLength(2);
  });

  it('one bit of one sample: noticed when it is read, and what is on its way is not taken for what is new', async () => {
    spool.append(samples(0, 10));
    const batch = spool.oldest(10);
    spool.append(samples(10, 20));
    spool.close();
    const database = new DatabaseSync(path);
    database.exec(`UPDATE batch SET body = replace(body, '"web"', '"wec"') WHERE id = 2`);
    database.close();
    spool = await open();
    expect(spool.oldest(1_000)).toBeNull();
    expect(setAside).toEqual([[expect.stringMatching(/what was written as batch 2 is not what is read/), 20]]);
    spool.append(samples(20, 30));
    if (batch) spool.remove({ ...batch, file: -1 });
    expect(drain(spool)).toEqual(samples(20, 30));
  });

  it('noticed only when what was read is to be removed: nothing of the new file passes for removed', async () => {
    spool.close();
    const database = new DatabaseSync(path);
    const { text, crc } = encodeBatch(samples(0, 1));
    database.exec('BEGIN');
    // More pages than SQLite keeps in memory, so that they are read again.
    const insert = database.prepare('INSERT INTO batch (samples, bytes, crc, body) VALUES (1, 100, ?, ?)');
    for (let n = 0; n < 60_000; n++) insert.run(crc, text);
    database.exec('COMMIT');
    database.close();
    spool = await open();
    const batch = spool.oldest(60_000);
    spoil();
    if (batch) spool.remove(batch);
    expect(setAside).toEqual([[expect.stringMatching(/corrupt/), 60_000]]);
    expect(spool.samples).toBe(0);
    spool.append(samples(0, 10));
    expect(drain(spool)).toEqual(samples(0, 10));
  });

  it("somebody else's database is left alone: the start is refused", async () => {
    const other = join(directory, 'other.db');
    const database = new DatabaseSync(other);
    database.exec('CREATE TABLE precious (x)');
    database.close();
    await expect(open({ path: other })).rejects.toThrow(/is a database, but not a Forescale spool/);
    expect(readdirSync(directory)).toContain('other.db');
    expect(setAside).toEqual([]);
  });
});
