import { type Clock, ManualClock, seededRandom } from '@forescale/shared/time';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type ErrorClass, ProviderError } from '../providers/errors.ts';
import { type CallLimits, createProviderCalls, type Operation } from './calls.ts';

const LIMITS: CallLimits = {
  concurrency: 100,
  ratePerSecond: null,
  timeoutMs: 30_000,
  retriesMax: 3,
  backoffFirstMs: 200,
  backoffMaxMs: 5_000,
  breaker: { failuresMax: 5, openMs: 30_000 },
};

/** Calls on a clock that moves by itself, 10 ms a turn, while somebody waits for `work`. */
function setUp(limits: Partial<CallLimits> = {}, serviceClock: Clock | null = null) {
  const clock = new ManualClock(0);
  const errors: [Operation, ErrorClass][] = [];
  const calls = createProviderCalls(
    { ...LIMITS, ...limits },
    {
      clock: serviceClock ?? clock,
      ioClock: clock,
      random: seededRandom(7),
      onError: (operation, error) => errors.push([operation, error.errorClass]),
      onAnswer: () => undefined,
    },
  );
  async function driven<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const watched = work.finally(() => {
      done = true;
    });
    watched.catch(() => undefined);
    for (let turns = 0; !done && turns < 100_000; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!done && turns > 3) clock.advanceTo(clock.nowMs() + 10);
    }
    return await watched;
  }
  const failing = (errorClass: ErrorClass) => () => Promise.reject(new ProviderError(errorClass, errorClass));
  const outcome = (work: Promise<unknown>) =>
    driven(
      work.then(
        () => 'ok',
        (error: ProviderError) => (error.message.startsWith('not sent') ? 'not sent' : error.errorClass),
      ),
    );
  return { clock, errors, calls, driven, failing, outcome };
}

describe('calls: how many at once, and how fast', () => {
  it('100 calls of 2 s take little more than one', async () => {
    const { clock, calls, driven } = setUp();
    await driven(Promise.all(Array.from({ length: 100 }, () => calls.run('create', () => clock.sleep(2_000)))));
    expect(clock.nowMs()).toBeLessThanOrEqual(1.1 * 2_000 + 500);
  });

  it('never more than the concurrency are under way', async () => {
    const { clock, calls, driven } = setUp({ concurrency: 7 });
    let now = 0;
    let max = 0;
    const call = async () => {
      max = Math.max(max, ++now);
      await clock.sleep(100);
      now--;
    };
    await driven(Promise.all(Array.from({ length: 50 }, () => calls.run('create', call))));
    expect(max).toBe(7);
  });

  it('a rate of 20 a second sends 100 calls evenly, the last within 1.2 x 100/20 s', async () => {
    const { clock, calls, driven } = setUp({ ratePerSecond: 20 });
    const sentMs: number[] = [];
    const call = async () => {
      sentMs.push(clock.nowMs());
      await clock.sleep(2_000);
    };
    await driven(Promise.all(Array.from({ length: 100 }, () => calls.run('create', call))));
    expect(sentMs.at(-1)).toBeGreaterThanOrEqual(4_900);
    expect(sentMs.at(-1)).toBeLessThanOrEqual(6_000);
    const gaps = sentMs.slice(1).map((timeMs, index) => timeMs - (sentMs[index] as number));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(50);
  });

  it('says how many more it lets through within so long, behind those that wait', async () => {
    const { clock, calls, driven } = setUp({ ratePerSecond: 20, concurrency: 3 });
    expect(calls.roomWithin('create', 10_000)).toBe(196);
    const work = Promise.all(Array.from({ length: 100 }, () => calls.run('create', () => clock.sleep(10))));
    expect(calls.roomWithin('create', 10_000)).toBe(96);
    expect(calls.roomWithin('create', 1_000)).toBe(0);
    expect(calls.roomWithin('read', 1_000)).toBe(19);
    await driven(work);
    // One where none waits, however slow; and no end of them without a rate.
    expect(calls.roomWithin('create', 0)).toBe(1);
    expect(setUp().calls.roomWithin('create', 0)).toBe(Number.POSITIVE_INFINITY);
  });

  it('a process that was held up for a second sends no burst afterwards', async () => {
    const { clock, calls, driven } = setUp({ ratePerSecond: 20 });
    const sentMs: number[] = [];
    const call = async () => void sentMs.push(clock.nowMs());
    const work = Promise.all(Array.from({ length: 40 }, () => calls.run('create', call)));
    await new Promise((resolve) => setImmediate(resolve));
    clock.advanceTo(1_000);
    await driven(work);
    const gaps = sentMs.slice(1).map((timeMs, index) => timeMs - (sentMs[index] as number));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(50);
    expect(sentMs.at(-1)).toBeLessThanOrEqual(1_000 + (1.2 * 1_000 * 40) / 20);
  });
});

describe('calls: as long as the provider asks', () => {
  const slowDown = (retryAfterMs: number) => () =>
    Promise.reject(new ProviderError('throttled', 'slow down', { retryAfterMs }));

  it('a wait of up to the longest back-off is waited for', async () => {
    const { clock, calls, driven } = setUp();
    const sentMs: number[] = [];
    const call = async () => {
      sentMs.push(clock.nowMs());
      if (sentMs.length === 1) throw new ProviderError('throttled', 'slow down', { retryAfterMs: 5_000 });
    };
    await driven(calls.run('create', call));
    expect(sentMs[1]).toBeGreaterThanOrEqual(5_000);
  });

  it('a longer one fails the call at once, and no other is sent until it is over', async () => {
    const { clock, calls, errors, outcome } = setUp();
    expect(await outcome(calls.run('create', slowDown(30_000)))).toBe('throttled');
    expect(errors).toHaveLength(1);
    expect(clock.nowMs()).toBeLessThan(1_000);
    let sent = 0;
    const call = async () => void sent++;
    expect(await outcome(calls.run('create', call))).toBe('not sent');
    expect(sent).toBe(0);
    expect(await outcome(calls.run('delete', call))).toBe('ok');
    clock.advanceTo(31_000);
    expect(await outcome(calls.run('create', call))).toBe('ok');
  });

  it('what is not sent is throttled, surely not carried out, and says how long', async () => {
    const { calls, outcome, driven } = setUp();
    await outcome(calls.run('create', slowDown(30_000)));
    const error = await driven(calls.run('create', () => Promise.resolve()).catch((cause: unknown) => cause));
    expect(error).toMatchObject({
      errorClass: 'throttled',
      ambiguous: false,
      message: 'not sent: the provider asks for 30s without such calls',
    });
  });

  it('what is not sent is no probe: it closes no breaker', async () => {
    const { clock, calls, failing, outcome } = setUp({ retriesMax: 0 });
    const failures = Array.from({ length: 5 }, () => failing('transient'));
    await Promise.all([slowDown(120_000), ...failures].map((call) => outcome(calls.run('read', call))));
    expect(calls.breakerState('read')).toBe(2);
    clock.advanceTo(clock.nowMs() + 40_000);
    expect(await outcome(calls.run('read', () => Promise.resolve()))).toBe('not sent');
    expect(calls.breakerState('read')).toBe(2);
  });

  it('calls that begin while a short wait lasts wait for its end', async () => {
    const { clock, calls, driven } = setUp({ retriesMax: 0 });
    await driven(calls.run('create', slowDown(2_000)).catch(() => undefined));
    const sentMs: number[] = [];
    const call = async () => void sentMs.push(clock.nowMs());
    await driven(Promise.all([1, 2, 3].map(() => calls.run('create', call))));
    expect(Math.min(...sentMs)).toBeGreaterThanOrEqual(2_000);
  });

  it('is at most five minutes', async () => {
    const { clock, calls, outcome } = setUp();
    clock.advanceTo(1e9);
    await outcome(calls.run('create', slowDown(1e8)));
    clock.advanceTo(1e9 + 301_000);
    expect(await outcome(calls.run('create', () => Promise.resolve()))).toBe('ok');
  });
});

describe('calls: what is repeated', () => {
  it.each([
    ['transient', 4],
    ['throttled', 4],
    ['capacity', 1],
    ['quota', 1],
    ['auth', 1],
    ['config', 1],
    ['conflict', 1],
  ] as const)('%s: %i calls', async (errorClass, calls_) => {
    const { calls, errors, failing, outcome } = setUp();
    expect(await outcome(calls.run('create', failing(errorClass)))).toBe(errorClass);
    expect(errors).toHaveLength(calls_);
  });

  it('waits between repetitions, longer and longer, and as long as the provider asks', async () => {
    const { clock, calls, driven } = setUp();
    const sentMs: number[] = [];
    const call = async () => {
      sentMs.push(clock.nowMs());
      if (sentMs.length === 1) throw new ProviderError('throttled', 'slow down', { retryAfterMs: 4_000 });
      if (sentMs.length < 4) throw new ProviderError('transient', '503');
    };
    await driven(calls.run('create', call));
    const [first = 0, ...waits] = sentMs.map((timeMs, index) => timeMs - (sentMs[index - 1] ?? 0));
    expect(first).toBeLessThan(100);
    expect(waits[0]).toBeGreaterThanOrEqual(4_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(5_100);
  });

  it('a call that does not answer in time is told to end, and counts as perhaps carried out', async () => {
    const { calls, clock, driven } = setUp({ timeoutMs: 1_000, retriesMax: 0 });
    let ended = false;
    const call = (signal: AbortSignal) =>
      new Promise<never>(() => {
        signal.addEventListener('abort', () => {
          ended = true;
        });
      });
    const error = await driven(calls.run('create', call).catch((cause: unknown) => cause));
    expect(error).toMatchObject({ errorClass: 'transient', ambiguous: true, message: 'no answer within 1000 ms' });
    expect(ended).toBe(true);
    expect(clock.nowMs()).toBeLessThan(1_200);
  });

  it('a clear no after an unclear failure stays unclear: the first call may have been carried out', async () => {
    const { calls, driven } = setUp();
    let calls_ = 0;
    const call = () => Promise.reject(new ProviderError(calls_++ === 0 ? 'transient' : 'capacity', 'no'));
    const error = await driven(calls.run('create', call).catch((cause: unknown) => cause));
    expect(error).toMatchObject({ errorClass: 'capacity', ambiguous: true });
  });
});

describe('calls: the breaker', () => {
  it('opens after 5 failures in a row, lets one probe through after 30 s, and closes when that succeeds', async () => {
    const { calls, clock, failing, outcome } = setUp({ retriesMax: 0 });
    for (let i = 0; i < 5; i++) expect(await outcome(calls.run('create', failing('transient')))).toBe('transient');
    expect(calls.breakerState('create')).toBe(2);
    expect(await outcome(calls.run('create', () => Promise.resolve()))).toBe('not sent');
    clock.advanceTo(clock.nowMs() + 30_000);
    let sent = 0;
    const call = async () => {
      sent++;
      await clock.sleep(100);
    };
    expect(await Promise.all([1, 2, 3].map(() => outcome(calls.run('create', call))))).toEqual(['ok', 'ok', 'ok']);
    expect(sent).toBe(3);
    expect(calls.breakerState('create')).toBe(0);
  });

  it('stays open when the probe fails: the calls that waited for it are not sent', async () => {
    const { calls, clock, failing, outcome, errors } = setUp({ retriesMax: 0 });
    for (let i = 0; i < 5; i++) await outcome(calls.run('create', failing('transient')));
    clock.advanceTo(clock.nowMs() + 30_000);
    const outcomes = await Promise.all([1, 2, 3].map(() => outcome(calls.run('create', failing('transient')))));
    expect(outcomes.sort()).toEqual(['not sent', 'not sent', 'transient']);
    expect(errors).toHaveLength(6);
  });

  it('a missing machine neither opens it nor counts as a success', async () => {
    const { calls, failing, outcome } = setUp({ retriesMax: 0 });
    for (let i = 0; i < 50; i++) await outcome(calls.run('create', failing('capacity')));
    expect(calls.breakerState('create')).toBe(0);
    for (let i = 0; i < 4; i++) await outcome(calls.run('create', failing('transient')));
    await outcome(calls.run('create', failing('capacity')));
    await outcome(calls.run('create', failing('transient')));
    expect(calls.breakerState('create')).toBe(2);
  });

  it('opens at once when nobody is let in', async () => {
    const { calls, failing, outcome } = setUp();
    await outcome(calls.run('create', failing('auth')));
    expect(calls.breakerState('create')).toBe(2);
  });

  it('an open breaker for creates leaves reads and deletes alone', async () => {
    const { calls, failing, outcome } = setUp();
    await outcome(calls.run('create', failing('auth')));
    expect(await outcome(calls.run('delete', () => Promise.resolve()))).toBe('ok');
    expect(await outcome(calls.run('read', () => Promise.resolve()))).toBe('ok');
  });

  it('opened, it stops the calls that wait for their turn as well', async () => {
    const { calls, clock, outcome } = setUp({ ratePerSecond: 2 });
    let sent = 0;
    const refused = async () => {
      sent++;
      throw new ProviderError('auth', 'auth');
    };
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => outcome(calls.run('create', refused))));
    expect(sent).toBe(1);
    expect(outcomes.slice(0, 2)).toEqual(['auth', 'not sent']);
    expect(clock.nowMs()).toBeLessThan(1_000);
  });

  it('a quiet time stops them too', async () => {
    const { calls, outcome } = setUp({ ratePerSecond: 2 });
    let sent = 0;
    const refused = async () => {
      sent++;
      throw new ProviderError('throttled', 'throttled', { retryAfterMs: 60_000 });
    };
    await Promise.all(Array.from({ length: 100 }, () => outcome(calls.run('create', refused))));
    expect(sent).toBe(1);
  });

  it.each(['capacity', 'fenced'] as const)(
    'a probe that ends in %s neither closes it nor keeps it open',
    async (end) => {
      const { calls, clock, failing, outcome } = setUp({ retriesMax: 0 });
      for (let i = 0; i < 5; i++) await outcome(calls.run('create', failing('transient')));
      clock.advanceTo(clock.nowMs() + 30_000);
      expect(await outcome(calls.run('create', failing(end)))).toBe(end);
      expect(calls.breakerState('create')).toBe(2);
      expect(await outcome(calls.run('create', failing('transient')))).toBe('transient');
      expect(await outcome(calls.run('create', () => Promise.resolve()))).toBe('not sent');
      clock.advanceTo(clock.nowMs() + 30_000);
      expect(await outcome(calls.run('create', failing(end)))).toBe(end);
      expect(await outcome(calls.run('create', () => Promise.resolve()))).toBe('ok');
      expect(calls.breakerState('create')).toBe(0);
    },
  );

  it.each([
    ['auth', 'transient'],
    ['auth', 'capacity'],
    ['transient', 'auth'],
  ] as const)('opens at once when %s comes together with %s', async (...classes) => {
    const { calls, failing, driven } = setUp({ retriesMax: 0 });
    await driven(Promise.allSettled(classes.map((errorClass) => calls.run('create', failing(errorClass)))));
    expect(calls.breakerState('create')).toBe(2);
  });
});

describe('calls: a clock that is set back by an hour', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each(["the service's", "the machine's"])('closes no breaker for longer: %s', async (whose) => {
    const HOUR_MS = 3_600_000;
    let nowMs = HOUR_MS;
    const clock = { nowMs: () => nowMs, sleep: () => Promise.resolve() };
    const { calls, failing } = setUp({ retriesMax: 0, breaker: { failuresMax: 1, openMs: 60_000 } }, clock);
    vi.useFakeTimers({ toFake: ['Date'], now: HOUR_MS });
    await expect(calls.run('delete', failing('transient'))).rejects.toThrow('transient');
    await expect(calls.run('delete', () => Promise.resolve())).rejects.toThrow('not sent');
    if (whose === "the service's") nowMs = 0;
    else {
      nowMs += 60_000;
      vi.setSystemTime(0);
    }
    await calls.run('delete', () => Promise.resolve());
    expect(calls.breakerState('delete')).toBe(0);
  });
});
