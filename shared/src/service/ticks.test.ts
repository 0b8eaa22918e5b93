import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Bus, createInProcessBus } from '../bus/index.ts';
import { silentLog } from '../telemetry/index.ts';
import { ManualClock } from '../time/index.ts';
import { subjects } from '../wire/index.ts';
import { followTicks, Readiness, requestTick, runTicks } from './index.ts';

const MINUTE_MS = 60_000;

/** A log whose errors can be read. */
function errorLog() {
  const errors: string[] = [];
  const write = (line: string) => {
    const { msg, err } = JSON.parse(line) as { msg: string; err: { message: string } };
    errors.push(`${msg}: ${err.message}`);
  };
  return { log: pino({ level: 'error' }, { write }), errors };
}

/** A door that holds whoever comes until it is opened. */
function createDoor() {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe('ticks of the clock', () => {
  it('come at once and then at every multiple of the period, whatever a tick takes', async () => {
    const clock = new ManualClock(90_000);
    const stop = new AbortController();
    const ticks: number[] = [];
    const tick = async (nowMs: number) => {
      ticks.push(nowMs);
      // This one takes two and a half periods.
      if (ticks.length === 2) clock.advanceTo(nowMs + 2.5 * MINUTE_MS);
    };
    const running = runTicks(clock, MINUTE_MS, tick, silentLog(), stop.signal);
    for (const at of [100, 120, 269, 270, 300, 359]) {
      await turn();
      clock.advanceTo(at * 1_000);
    }
    await turn();
    stop.abort();
    await running;
    expect(ticks).toEqual([90_000, 120_000, 300_000]);
  });

  it('never overlap: a slow one makes the next one late', async () => {
    const clock = new ManualClock(0);
    const stop = new AbortController();
    const door = createDoor();
    const ticks: number[] = [];
    const tick = async (nowMs: number) => {
      ticks.push(nowMs);
      if (ticks.length === 1) await door.opened;
    };
    const running = runTicks(clock, MINUTE_MS, tick, silentLog(), stop.signal);
    for (let minute = 1; minute <= 5; minute++) {
      clock.advanceTo(minute * MINUTE_MS);
      await turn();
    }
    expect(ticks).toEqual([0]);
    door.open();
    await turn();
    clock.advanceTo(6 * MINUTE_MS);
    await turn();
    expect(ticks).toEqual([0, 6 * MINUTE_MS]);
    stop.abort();
    await running;
  });

  it('one that throws is logged, and the next one runs', async () => {
    const clock = new ManualClock(0);
    const stop = new AbortController();
    const { log, errors } = errorLog();
    let ticks = 0;
    const running = runTicks(
      clock,
      MINUTE_MS,
      () => {
        ticks++;
        throw new Error(`no ${ticks}`);
      },
      log,
      stop.signal,
    );
    await turn();
    clock.advanceTo(MINUTE_MS);
    await turn();
    expect(errors).toEqual(['tick failed: no 1', 'tick failed: no 2']);
    stop.abort();
    await running;
  });

  it('do not begin when they are called off before', async () => {
    await runTicks(
      new ManualClock(0),
      MINUTE_MS,
      () => Promise.reject(new Error('ran')),
      silentLog(),
      AbortSignal.abort(),
    );
  });
});

describe('ticks over the bus', () => {
  let bus: Bus;
  let clock: ManualClock;
  beforeEach(() => {
    bus = createInProcessBus();
    clock = new ManualClock(0);
  });
  afterEach(() => bus.close());

  it('move the clock, run the tick, and are acknowledged when it is done', async () => {
    const seen: string[] = [];
    const door = createDoor();
    const tick = async (nowMs: number) => {
      await door.opened;
      seen.push(`tick ${nowMs}, clock ${clock.nowMs()}`);
    };
    await followTicks(bus, 'predictor', clock, tick, silentLog());
    const asked = requestTick(bus, 'predictor', 0, 5_000, 10_000).then(() => seen.push('acknowledged'));
    await turn();
    expect(seen).toEqual([]);
    door.open();
    await asked;
    expect(seen).toEqual(['tick 5000, clock 5000', 'acknowledged']);
  });

  it('a repeated request is acknowledged and not run again', async () => {
    const ticks: number[] = [];
    await followTicks(bus, 'predictor', clock, async (nowMs) => void ticks.push(nowMs), silentLog());
    for (const [sequence, nowMs] of [
      [0, 1_000],
      [0, 1_000],
      [1, 2_000],
      [1, 2_000],
      [2, 2_000],
    ] as const) {
      await requestTick(bus, 'predictor', sequence, nowMs, 10_000);
    }
    expect(ticks).toEqual([1_000, 2_000, 2_000]);
  });

  it('never overlap, also when the conductor does not wait', async () => {
    let running = 0;
    let most = 0;
    const tick = async () => {
      most = Math.max(most, ++running);
      await turn();
      running--;
    };
    await followTicks(bus, 'predictor', clock, tick, silentLog());
    await Promise.all([0, 1, 2, 3].map((sequence) => requestTick(bus, 'predictor', sequence, sequence, 10_000)));
    expect(most).toBe(1);
  });

  it('one that throws is logged and acknowledged: the simulation goes on', async () => {
    const { log, errors } = errorLog();
    await followTicks(bus, 'predictor', clock, () => Promise.reject(new Error('no')), log);
    await requestTick(bus, 'predictor', 0, 0, 10_000);
    expect(errors).toEqual(['tick failed: no']);
  });

  it('nonsense is refused by name and runs nothing', async () => {
    await followTicks(bus, 'predictor', clock, () => Promise.reject(new Error('ran')), silentLog());
    const ask = (text: string) => bus.request(subjects.tick('predictor'), new TextEncoder().encode(text), 10_000);
    await expect(ask('{"sequence":-1,"now_ms":0}')).rejects.toThrow(/^sequence = -1: /);
    await expect(ask('now')).rejects.toThrow('payload: not JSON in UTF-8');
    expect(clock.nowMs()).toBe(0);
  });
});

describe('readiness', () => {
  it('is there when every part is well, and says what is wrong with each that is not', async () => {
    const readiness = new Readiness();
    expect(await readiness.report()).toEqual({ ready: true, reasons: {} });
    readiness.set('store', { ok: false, reason: 'ECONNREFUSED' });
    readiness.set('bus', { ok: false, reason: 'closed' });
    readiness.set('bus', { ok: true });
    expect(await readiness.report()).toEqual({ ready: false, reasons: { store: 'ECONNREFUSED' } });
    readiness.set('store', { ok: true });
    expect(await readiness.report()).toEqual({ ready: true, reasons: {} });
  });

  it('asks what is watched at every report; what a tick has seen is said first', async () => {
    const readiness = new Readiness();
    let away = false;
    readiness.watch('bus', async () => (away ? { ok: false, reason: 'away' } : { ok: true }));
    expect((await readiness.report()).ready).toBe(true);
    away = true;
    expect((await readiness.report()).reasons).toEqual({ bus: 'away' });
    readiness.set('bus', { ok: false, reason: 'refused a message' });
    expect((await readiness.report()).reasons).toEqual({ bus: 'refused a message' });
  });
});
