import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readTrace, TraceError } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'forescale-trace-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

function file(content: string | Uint8Array): string {
  const path = join(folder, `${++count}.csv`);
  writeFileSync(path, content);
  return path;
}

async function read(content: string | Uint8Array): Promise<number[][]> {
  const { timesMs, values } = await readTrace(file(content));
  expect(values).toHaveLength(timesMs.length);
  return Array.from(timesMs, (timeMs, index) => [timeMs, values[index] as number]);
}

/** The refusal without the file's name, which it must begin with, and in one line. */
async function refusal(content: string | Uint8Array): Promise<string> {
  const path = file(content);
  const error: unknown = await readTrace(path).then(
    () => new Error('accepted'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TraceError);
  const { message } = error as Error;
  expect(message).toMatch(/^\P{Cc}+$/u);
  expect(message.startsWith(`${path}: `)).toBe(true);
  return message.slice(path.length + 2);
}

const HEADER = 'timestamp,value\n';
const DAY_S = 86_400;

describe('trace: what is accepted', () => {
  it.each<[what: string, text: string, samples: number[][]]>([
    ['one row', '60,1.5\n', [[60_000, 1.5]]],
    ['no line break at the end', '60,1', [[60_000, 1]]],
    ['fractions of a second', '60.25,1\n', [[60_250, 1]]],
    ['the first moment', '0,1\n', [[0, 1]]],
    [
      'signs and exponents',
      '1,-2.5e-3\n2,+.5\n3,7.\n',
      [
        [1_000, -0.0025],
        [2_000, 0.5],
        [3_000, 7],
      ],
    ],
    [
      'an empty value as a gap',
      '1,1\n2,\n3,3\n',
      [
        [1_000, 1],
        [3_000, 3],
      ],
    ],
    [
      'empty lines',
      '\n1,1\n\n\n2,2\n\n',
      [
        [1_000, 1],
        [2_000, 2],
      ],
    ],
    ['blanks around fields', ' 1 , 5 \n', [[1_000, 5]]],
    ['quotes', '"1","5"\n', [[1_000, 5]]],
    [
      'a gap of five days',
      `0,1\n${5 * DAY_S},2\n`,
      [
        [0, 1],
        [5 * DAY_S * 1_000, 2],
      ],
    ],
    [
      'zeros only',
      '1,0\n2,0\n3,0\n',
      [
        [1_000, 0],
        [2_000, 0],
        [3_000, 0],
      ],
    ],
    [
      'RFC 3339',
      '2026-01-01T00:00:00Z,1\n2026-01-01T02:00:00.5+01:00,2\n',
      [
        [1_767_225_600_000, 1],
        [1_767_229_200_500, 2],
      ],
    ],
    ['the 29th of February of a leap year', '2028-02-29T00:00:00Z,1\n', [[1_835_395_200_000, 1]]],
  ])('%s', async (_what, text, samples) => {
    expect(await read(HEADER + text)).toEqual(samples);
  });

  it('a byte order mark, and lines that end as on Windows', async () => {
    expect(await read('\uFEFFtimestamp,value\r\n1,2\r\n2,3\r\n')).toEqual([
      [1_000, 2],
      [2_000, 3],
    ]);
  });

  it('a million rows in seconds, with progress', async () => {
    const rows = Array.from({ length: 1_000_000 }, (_, index) => `${1_500_000_000 + index * 60},${index % 977}`);
    const path = file(`${HEADER}${rows.join('\n')}\n`);
    const progress: number[] = [];
    const startMs = performance.now();
    const { values } = await readTrace(path, (read) => progress.push(read));
    // It takes one on an idle machine.
    expect(performance.now() - startMs).toBeLessThan(20_000);
    expect(values).toHaveLength(1_000_000);
    expect(values.at(-1)).toBe(999_999 % 977);
    expect(progress).toEqual([1_000_000]);
  });
});

const NO_TIME = 'allowed: epoch seconds or RFC 3339, from 1970 to 2100';
const NO_NUMBER = 'allowed: a finite number';
const NO_HEADER = 'allowed: timestamp,value';
const NO_ROWS = 'no samples; allowed: at least one row after the header timestamp,value';

describe('trace: what is refused, in one line with file, line, value and what is allowed', () => {
  it.each<[what: string, text: string, message: string]>([
    ['text for a number', '1,1\n2,many\n', `line 3: value = "many"; ${NO_NUMBER}`],
    ['a decimal comma', '1,"1,5"\n', `line 2: value = "1,5"; ${NO_NUMBER}`],
    ['a number with blanks', '1,1 000\n', `line 2: value = "1 000"; ${NO_NUMBER}`],
    ['a hexadecimal number', '1,0x10\n', `line 2: value = "0x10"; ${NO_NUMBER}`],
    ['NaN', '1,NaN\n', `line 2: value = "NaN"; ${NO_NUMBER}`],
    ['infinity', '1,-Infinity\n', `line 2: value = "-Infinity"; ${NO_NUMBER}`],
    ['more than a number can hold', '1,1e400\n', `line 2: value = "1e400"; ${NO_NUMBER}`],
    ['a value of two lines', '1,"a\nb"\n', `line 3: value = "a\\nb"; ${NO_NUMBER}`],
    [
      'time going backwards',
      '10,1\n5,1\n',
      'line 3: timestamp = 5 is not after the row before; allowed: strictly increasing times',
    ],
    [
      'a time twice',
      '10,1\n10,1\n',
      'line 3: timestamp = 10 is not after the row before; allowed: strictly increasing times',
    ],
    ['milliseconds', '1700000000000,1\n', `line 2: timestamp = "1700000000000"; ${NO_TIME}`],
    ['a time before 1970', '-5,1\n', `line 2: timestamp = "-5"; ${NO_TIME}`],
    ['no time', ',1\n', `line 2: timestamp = ""; ${NO_TIME}`],
    ['a time without a zone', '2026-01-01T00:00:00,1\n', `line 2: timestamp = "2026-01-01T00:00:00"; ${NO_TIME}`],
    ['a date', '2026-01-01,1\n', `line 2: timestamp = "2026-01-01"; ${NO_TIME}`],
    ['a day that does not exist', '2026-02-30T00:00:00Z,1\n', `line 2: timestamp = "2026-02-30T00:00:00Z"; ${NO_TIME}`],
    ['one column', '1\n', 'line 2: 1 columns; allowed: 2, timestamp,value'],
    ['three columns', '1,2\n2,3,4\n', 'line 3: 3 columns; allowed: 2, timestamp,value'],
    ['only gaps', '1,\n2,\n', NO_ROWS],
    ['nothing after the header', '', NO_ROWS],
  ])('%s', async (_what, text, message) => {
    expect(await refusal(HEADER + text)).toBe(message);
  });

  it.each<[what: string, content: string | Uint8Array, message: string | RegExp]>([
    ['an empty file', '', NO_ROWS],
    ['another header', 'time,load\n1,2\n', `line 1: header = "time,load"; ${NO_HEADER}`],
    ['no header', '1,2\n2,3\n', `line 1: header = "1,2"; ${NO_HEADER}`],
    ['semicolons', 'timestamp;value\n1;2\n', `line 1: header = "timestamp;value"; ${NO_HEADER}`],
    ['columns in another order', 'value,timestamp\n1,2\n', `line 1: header = "value,timestamp"; ${NO_HEADER}`],
    ['UTF-16', Buffer.from(`${HEADER}1,2\n`, 'utf16le'), /^line 1: header = /],
    [
      'binary junk',
      Uint8Array.from({ length: 5_000 }, (_, index) => (index * 167 + 13) % 256),
      /header = |cannot be read: /,
    ],
    ['a line without an end', 'A'.repeat(200_000), /^cannot be read: Max Record Size/],
    ['a quote without an end', `${HEADER}1,"2\n3,4\n`, /^cannot be read: Quote Not Closed/],
    ['a quote inside of a value', `${HEADER}1,a"b\n`, /^cannot be read: Invalid Opening Quote/],
  ])('%s', async (_what, content, message) => {
    expect(await refusal(content)).toMatch(message);
  });

  it('a file that is not there, or is a folder', async () => {
    const missing = join(folder, 'none.csv');
    await expect(readTrace(missing)).rejects.toThrow(new TraceError(`${missing}: cannot be read: ENOENT`));
    await expect(readTrace(folder)).rejects.toThrow(new TraceError(`${folder}: cannot be read: EISDIR`));
  });
});
