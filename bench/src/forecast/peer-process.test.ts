import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SCORED_LEVELS } from '@forescale/predictor/backtest';
import { afterAll, describe, expect, it } from 'vitest';
import { type Answer, medianOf, type Task } from './method-run.ts';
import { askPeer, isThere, type PeerResult } from './peer-process.ts';
import { PEERS, type Peer } from './peers.ts';

const folder = mkdtempSync(join(tmpdir(), 'forescale-peers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HOURS = 21 * 24;
/** Three weeks that repeat day by day exactly, with a gap in the second. */
const wave = (hour: number) =>
  100 + 40 * Math.sin((2 * Math.PI * hour) / 24) + 10 * Math.cos((4 * Math.PI * hour) / 24);
const task: Task = {
  trace: 'wave',
  stepSeconds: 3_600,
  firstCell: 473_352,
  values: Float64Array.from({ length: HOURS }, (_, hour) => (hour >= 200 && hour < 203 ? Number.NaN : wave(hour))),
  horizon: 6,
  origins: [400, 433, 470],
};
const goOn = new AbortController().signal;
const WHOLE = Object.fromEntries(SCORED_LEVELS.map((level) => [String(level), new Array(6).fill(level)]));

/** A peer that is this script, for `first` and `second`; it has read `job` before it begins. */
function scripted(name: string, code: string): Peer {
  const script = join(folder, `${name}.mjs`);
  writeFileSync(
    script,
    `let text = ''; for await (const piece of process.stdin) text += piece;
     const job = JSON.parse(text); const say = (line) => process.stdout.write(JSON.stringify(line) + '\\n');
     const whole = ${JSON.stringify(WHOLE)}; ${code}`,
  );
  const methods = ['first', 'second'];
  return { name, command: process.execPath, probe: ['-e', ''], script, methods, slow: false, install: '' };
}

const originsFor = (peer: Peer) => (peer.slow ? task.origins.slice(0, 1) : task.origins);

const ask = async (peer: Peer, limitSeconds?: number) => {
  let told = 0;
  const results = await askPeer(peer, task, originsFor(peer), goOn, () => told++, limitSeconds);
  expect(told).toBe(peer.methods.length);
  return (method: string): PeerResult => results.get(method) as PeerResult;
};

describe('peer process', () => {
  it('gets the load and the origins, and answers method by method', async () => {
    const peer = scripted(
      'sound',
      `for (const { name, origins } of job.methods) say({ method: name, seconds: job.values.filter((v) => v === null).length,
         forecasts: origins.map(() => whole) });`,
    );
    const result = await ask(peer);
    expect(result('first')).toEqual({ origins: task.origins, seconds: 3, forecasts: task.origins.map(() => WHOLE) });
    expect(result('second')).toEqual(result('first'));
  });

  it.each<[what: string, code: string, second: RegExp]>([
    ['says why it failed', `say({ method: 'second', failed: 'origin 400: singular' });`, /^origin 400: singular$/],
    ['breaks off', `console.error('out of\\nmemory'); process.exit(3);`, /^ended with code 3: memory$/],
    ['says nothing', '', /^no answer$/],
    ['talks nonsense', `console.log('{'); console.log('{"method":"second"}');`, /^no answer$/],
    ['is short', `say({ method: 'second', seconds: 1, forecasts: [whole] });`, /missing or short/],
    ['lacks a level', `say({ method: 'second', seconds: 1, forecasts: [{}, {}, {}] });`, /missing or short/],
    [
      'has no number',
      `say({ method: 'second', seconds: 1, forecasts: [whole, whole, { '0.5': [null] }] });`,
      /no answer/,
    ],
  ])('one that %s fails alone', async (what, code, second) => {
    const first = `say({ method: 'first', seconds: 1, forecasts: job.methods[0].origins.map(() => whole) });`;
    const result = await ask(scripted(what.replaceAll(' ', '-'), `${first} ${code}`));
    expect(result('first')).toMatchObject({ seconds: 1 });
    expect(result('second')).toEqual({ failed: expect.stringMatching(second) });
  });

  it('that never ends is ended', async () => {
    const result = await ask(scripted('endless', 'setInterval(() => {}, 1000);'), 1);
    expect(result('second')).toEqual({ failed: 'took longer than 1 s' });
  });

  it('that cannot be started is not there, and fails when asked', async () => {
    const peer = { ...scripted('absent', ''), command: join(folder, 'no-such-program') };
    expect(await isThere(peer, goOn)).toBe(false);
    expect((await ask(peer))('first')).toEqual({ failed: expect.stringMatching(/ENOENT/) });
    expect(await isThere(scripted('present', ''), goOn)).toBe(true);
  });
});

describe('median of answers', () => {
  it.each([
    [[1, 5, 3], 3],
    [[1, 2, 30, 4], 3],
  ])('of %j', (values, median) => {
    const answers = values.map((value): Answer => {
      const forecast = Object.fromEntries(SCORED_LEVELS.map((level) => [String(level), [value, 2 * value]]));
      return { origins: [7], forecasts: [forecast], seconds: 1 };
    });
    const { forecasts, seconds } = medianOf(answers);
    expect(forecasts[0]?.['0.99']).toEqual([median, 2 * median]);
    expect(seconds).toBe(values.length);
  });
});

describe('peers as they are', async () => {
  for (const peer of PEERS) {
    const here = await isThere(peer, goOn);
    if (!here) process.stderr.write(`not tested: ${peer.name} is not on this machine: ${peer.install}\n`);
    it.skipIf(!here)(
      `${peer.name}: forecasts a wave`,
      async () => {
        const result = await ask(peer);
        for (const method of peer.methods) {
          const answer = result(method) as Answer;
          expect(answer, method).toMatchObject({ origins: originsFor(peer) });
          for (const [i, origin] of originsFor(peer).entries()) checkForecast(method, answer, i, origin);
        }
      },
      120_000,
    );
  }

  function checkForecast(method: string, answer: Answer, i: number, origin: number): void {
    const rows = SCORED_LEVELS.map((level) => answer.forecasts[i]?.[String(level)] ?? []);
    for (let step = 0; step < task.horizon; step++) {
      const quantiles = rows.map((row) => row[step] as number);
      expect(
        quantiles.every((value) => value >= 0),
        method,
      ).toBe(true);
      expect(quantiles, method).toEqual(quantiles.toSorted((a, b) => a - b));
      // The last value alone knows no wave; every other has seen three weeks of it.
      if (method !== 'r-naive')
        expect(Math.abs((quantiles[1] as number) - wave(origin + step)), method).toBeLessThan(4);
      else expect(quantiles[1], method).toBeCloseTo(wave(origin - 1), 6);
    }
  }
});
