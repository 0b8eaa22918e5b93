import { z } from 'zod';
import type { Bus, Subscription } from '../bus/index.ts';
import type { Log } from '../telemetry/index.ts';
import type { Clock, ManualClock } from '../time/index.ts';
import { decodeJson, parseWire, subjects } from '../wire/index.ts';

/** One round of a service's work. It takes nothing but the time, reads everything anew, and never overlaps itself. */
export type Tick = (nowMs: number) => Promise<void>;

/**
 * Runs `tick` at every multiple of `tickMs` until `signal` aborts. A tick that throws is logged once, here, and the
 * next one runs; a tick that takes longer than its period makes the next one late, not parallel.
 */
export async function runTicks(clock: Clock, tickMs: number, tick: Tick, log: Log, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const nowMs = clock.nowMs();
    try {
      await tick(nowMs);
    } catch (error) {
      log.error({ err: error }, 'tick failed');
    }
    const nextMs = (Math.floor(clock.nowMs() / tickMs) + 1) * tickMs;
    await clock.sleep(nextMs - clock.nowMs(), signal);
  }
}

/** What the conductor of a simulation sends on `forescale.v1.clock.tick.<service>`. */
export const tickSchema = z.object({ sequence: z.number().int().min(0), now_ms: z.number() });

/** Asks one service for one tick; the reply is its acknowledgement. Repeating a sequence number is harmless. */
export async function requestTick(
  bus: Bus,
  service: string,
  sequence: number,
  nowMs: number,
  timeoutMs: number,
): Promise<void> {
  const data = new TextEncoder().encode(JSON.stringify({ sequence, now_ms: nowMs }));
  await bus.request(subjects.tick(service), data, timeoutMs);
}

/** Lets the conductor of a simulation drive `tick` and `clock` over the bus: time moves only as fast as the work is done. */
export async function followTicks(
  bus: Bus,
  service: string,
  clock: ManualClock,
  tick: Tick,
  log: Log,
): Promise<Subscription> {
  let done = '';
  let running: Promise<void> = Promise.resolve();
  return bus.respond(subjects.tick(service), async ({ data }) => {
    const { sequence, now_ms } = parseWire(decodeJson(data), tickSchema);
    const run = running.then(async () => {
      // A conductor that starts anew counts from 0 again, at a later time.
      const asked = `${sequence} at ${now_ms}`;
      if (asked === done) return;
      clock.advanceTo(now_ms);
      try {
        await tick(now_ms);
      } catch (error) {
        log.error({ err: error }, 'tick failed');
      }
      done = asked;
    });
    running = run;
    await run;
    return new TextEncoder().encode('{"ok":true}');
  });
}
