import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const START_S = Date.UTC(2026, 2, 2) / 1_000;
const MINUTES = 3 * 1_440;
const wave = (minute: number) => (100 + 50 * Math.sin((minute / 1_440) * 2 * Math.PI)).toFixed(3);

/** Three days of minutes; `cell` says what stands at a minute instead of the daily wave. */
function trace(cell: (minute: number) => readonly [minute: number, value: string]): string {
  const rows = Array.from({ length: MINUTES }, (_, minute) => {
    const [at, value] = cell(minute);
    return `${START_S + at * 60},${value}\n`;
  });
  return `timestamp,value\n${rows.join('')}`;
}

const TRACES = {
  good: trace((minute) => [minute, wave(minute)]),
  text: trace((minute) => [minute, minute === 50 ? 'many' : wave(minute)]),
  backwards: trace((minute) => [minute === 50 ? 10 : minute, wave(minute)]),
  // Once in the history, once in what is scored.
  gaps: trace((minute) => {
    const days = (minute >= 1_000 ? 5 : 0) + (minute >= 3_500 ? 5 : 0);
    return [minute + days * 1_440, wave(minute)];
  }),
  zeros: trace((minute) => [minute, '0']),
  'one-row': `timestamp,value\n${START_S},5\n`,
  'header-only': 'timestamp,value\n',
  empty: '',
  binary: '\u0000\u0001\u0002\ufffd',
} as const;

export type TraceName = keyof typeof TRACES;

/** Writes the trace into the directory; resolves to its path. */
export async function writeTrace(directory: string, name: TraceName): Promise<string> {
  const path = join(directory, `${name}.csv`);
  await writeFile(path, TRACES[name]);
  return path;
}

/** A trace of so many seconds, written piece by piece. */
export async function writeSeconds(directory: string, rows: number): Promise<string> {
  const path = join(directory, 'seconds.csv');
  const piece = 100_000;
  await pipeline(function* () {
    yield 'timestamp,value\n';
    for (let from = 0; from < rows; from += piece) {
      let text = '';
      for (let row = from; row < Math.min(rows, from + piece); row++) text += `${START_S + row},${row % 97}\n`;
      yield text;
    }
  }, createWriteStream(path));
  return path;
}

/** Minutes of a load that rises and falls every two hours, from 20 to 180: the path of its file. */
export async function writeWave(directory: string, minutes: number): Promise<string> {
  const path = join(directory, 'wave.csv');
  const rows = Array.from({ length: minutes }, (_, k) => `${1_700_000_040 + 60 * k},${100 + 80 * Math.sin(k / 19)}`);
  await writeFile(path, `timestamp,value\n${rows.join('\n')}\n`);
  return path;
}
