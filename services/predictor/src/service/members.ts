import { type Bus, BusUnavailableError, type Subscription } from '@forescale/shared/bus';
import type { Log } from '@forescale/shared/telemetry';
import type { Clock } from '@forescale/shared/time';
import { decodeEvent, encodePredictor, predictorSchema, subjects, WireError } from '@forescale/shared/wire';
import type { Member } from './ownership.ts';

/** A member that was not heard of for so many ticks is gone. */
const SILENT_TICKS = 3;
/** More than anybody runs; it bounds what a broken publisher can fill. */
const MEMBERS_MAX = 1_000;

export interface MembersParts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  /** This process, `[a-z0-9-]{1,63}`; no other one has it. */
  readonly id: string;
  readonly tickMs: number;
}

interface Heard {
  readonly state: Member['state'];
  readonly heardMs: number;
}

/**
 * Who shares the series: every predictor says at each tick that it is there, and hears the others, itself included.
 * Silence counts against our own voice: while the bus is away nobody is heard, we neither, and nobody is gone.
 */
export class Members {
  readonly #parts: MembersParts;
  readonly #others = new Map<string, Heard>();
  #state: Member['state'] = 'joining';
  #selfHeardMs: number | null = null;
  #listening: Subscription | null = null;

  constructor(parts: MembersParts) {
    this.#parts = parts;
  }

  /** Says that we are there; the first time also asks who else is. Rejects while the bus is away. */
  async announce(state: Member['state']): Promise<void> {
    this.#state = state;
    const asks = this.#listening === null;
    this.#listening ??= await this.#parts.bus.subscribe(subjects.allPredictors, ({ data }) => this.#hear(data));
    await this.#say(state, asks);
  }

  /** Whether the bus was ever there: before, nobody else can be known. */
  get hasJoined(): boolean {
    return this.#listening !== null;
  }

  /** Ourselves and whoever was heard lately; the longest known first. */
  live(): Member[] {
    const { id, tickMs } = this.#parts;
    const oldestMs = (this.#selfHeardMs ?? Number.NEGATIVE_INFINITY) - SILENT_TICKS * tickMs;
    for (const [other, { heardMs }] of this.#others) {
      if (heardMs >= oldestMs) continue;
      this.#others.delete(other);
      this.#parts.log.warn({ member: other }, 'predictor not heard of any more: its series are shared out');
    }
    return [{ id, state: this.#state }, ...[...this.#others].map(([other, { state }]) => ({ id: other, state }))];
  }

  /** The others take over at once. */
  async leave(): Promise<void> {
    if (this.#listening === null) return;
    await this.#listening.stop();
    this.#listening = null;
    try {
      await this.#say('leaving', false);
    } catch (error) {
      // Then they notice by the silence.
      if (!(error instanceof BusUnavailableError)) throw error;
    }
  }

  async #say(state: Member['state'] | 'leaving', asks: boolean): Promise<void> {
    const { bus, clock, id } = this.#parts;
    await bus.publish(subjects.predictor(id), encodePredictor({ id, state, asks }, clock.nowMs()));
  }

  async #hear(data: Uint8Array): Promise<void> {
    const { clock, log, id } = this.#parts;
    try {
      const said = decodeEvent(data, predictorSchema);
      const nowMs = clock.nowMs();
      if (said.id === id) this.#hearOurselves(nowMs);
      else if (said.state === 'leaving') this.#others.delete(said.id);
      else if (this.#others.has(said.id) || this.#others.size < MEMBERS_MAX) {
        this.#others.set(said.id, { state: said.state, heardMs: nowMs });
        if (said.asks) await this.#say(this.#state, false);
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      log.warn(`predictor refused: ${error.message}`);
    }
  }

  /** After an outage the others get as long as we had to be heard again. */
  #hearOurselves(nowMs: number): void {
    const { tickMs } = this.#parts;
    if (this.#selfHeardMs !== null && nowMs - this.#selfHeardMs > SILENT_TICKS * tickMs) {
      for (const [other, { state }] of this.#others) this.#others.set(other, { state, heardMs: nowMs });
    }
    this.#selfHeardMs = nowMs;
  }
}
