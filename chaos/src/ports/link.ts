import type { Random } from '@forescale/shared/time';
import type { Fate } from '../faults/fault.ts';
import type { FaultBoard } from '../faults/fault-board.ts';
import type { ProcessLife } from '../time/process-life.ts';
import type { VirtualTime } from '../time/virtual-time.ts';

export interface Wire {
  /** `<port>.<kind>`, for example `provider.create`: what faults and traps are set on. */
  readonly call: string;
  /** Of the request's way there, and of the answer's way back; 0: within the same instant. */
  readonly thereMs: number;
  readonly backMs: number;
  /** After so long the client gives up by itself. */
  readonly timeoutMs: number;
  /** The error that a client makes of it. */
  readonly errorOf: (fate: Fate, call: string) => Error;
  readonly offering?: string;
}

/** The way from one process to all that is outside of it: slow, unreliable, and cut when the process dies. */
export class Link {
  readonly life: ProcessLife;
  readonly random: Random;
  /** How far this process is from what it calls often, in 1 to 15 times the way of a good one. */
  readonly distance: number;
  readonly #time: VirtualTime;
  readonly #board: FaultBoard;

  constructor(life: ProcessLife, time: VirtualTime, board: FaultBoard, random: Random) {
    this.life = life;
    this.random = random;
    this.distance = 1 + random.below(15);
    this.#time = time;
    this.#board = board;
  }

  /** What was sent is carried out, also when its sender dies meanwhile. */
  async call<T>(wire: Wire, effect: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
    const { call, thereMs, backMs, timeoutMs, errorOf, offering = null } = wire;
    await this.life.edge(call, 'before');
    const fate = this.#board.fateOf(call, offering);
    if (thereMs > 0) await this.#time.sleep(thereMs);
    const isDone = fate === null || fate === 'lost' || fate === 'silent-done';
    const outcome = isDone ? await attempt(effect) : null;
    await this.life.edge(call, 'after');
    if (fate === 'silent' || fate === 'silent-done') await this.#time.sleep(timeoutMs, signal);
    else if (backMs > 0) await this.#time.sleep(backMs);
    await this.life.passage();
    if (fate !== null) throw errorOf(fate, call);
    if (outcome === null || 'error' in outcome) throw outcome?.error;
    return outcome.value;
  }
}

type Attempt<T> = { readonly value: T } | { readonly error: unknown };

async function attempt<T>(effect: () => T | Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await effect() };
  } catch (error) {
    return { error };
  }
}
