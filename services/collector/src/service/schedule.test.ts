import { ManualClock, systemClock } from '@forescale/shared/time';
import { describe, expect, it } from 'vitest';
import type { PulledSource, Reading } from '../sources/source.ts';
import { Schedule } from './schedule.ts';

const NOTHING: Reading = { measurements: [], refusals: [] };

/** A source that tells when it was asked, and answers when it is let. */
function source(name: string, intervalMs: number, read: PulledSource['read'] = async () => NOTHING) {
  const asked: number[] = [];
  const one: PulledSource = {
    name,
    intervalMs,
    timeoutMs: 1_000,
    read(nowMs, signal) {
      asked.push(nowMs);
      return read(nowMs, signal);
    },
  };
  return { one, asked };
}

describe('schedule of sources', () => {
  it('asks each at multiples of its interval, and at once at the start', async () => {
    const [fast, slow, always] = [source('fast', 10_000), source('slow', 60_000), source('always', 0)];
    const schedule = new Schedule([fast.one, slow.one, always.one], systemClock);
    expect(schedule.pollMs).toBe(10_000);
    for (const second of [3, 9, 10, 19, 25, 60, 61]) await schedule.poll(second * 1_000);
    expect(fast.asked).toEqual([3_000, 10_000, 25_000, 60_000]);
    expect(slow.asked).toEqual([3_000, 60_000]);
    expect(always.asked).toHaveLength(7);
  });

  it('one that hangs is away once its time is out, told to let go, and the others are heard', async () => {
    const clock = new ManualClock(0);
    let letGo = false;
    const hangs = source('hangs', 0, (_nowMs, signal) => {
      signal.addEventListener('abort', () => {
        letGo = true;
      });
      return new Promise(() => {});
    });
    const fails = source('fails', 0, () => Promise.reject(new Error('ECONNREFUSED')));
    const polled = new Schedule([hangs.one, fails.one, source('answers', 0).one], clock).poll(0);
    clock.advanceTo(1_000);
    const health = (await polled).map((look) => [look.source.name, look.health]);
    expect(health).toEqual([
      ['hangs', { ok: false, reason: 'no answer within 1 s' }],
      ['fails', { ok: false, reason: 'ECONNREFUSED' }],
      ['answers', { ok: true }],
    ]);
    expect(letGo).toBe(true);
  });

  it('one that is being asked is not asked again: who comes second waits, and gets nothing', async () => {
    let answer: (reading: Reading) => void = () => {};
    const slow = source('slow', 0, () => new Promise((resolve) => (answer = resolve)));
    const schedule = new Schedule([slow.one], new ManualClock(0));
    const first = schedule.poll(0);
    const second = schedule.poll(1);
    answer(NOTHING);
    expect(await second).toEqual([]);
    expect(await first).toHaveLength(1);
    expect(slow.asked).toEqual([0]);
  });
});
