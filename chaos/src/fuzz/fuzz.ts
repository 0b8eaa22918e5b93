import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Bus } from '@forescale/shared/bus';
import { type FuzzWorld, startFuzzWorld } from './fuzz-world.ts';
import { BATCH, KINDS, type Kind, kindOf, type Payload, PayloadSource } from './payloads.ts';
import { type FuzzRow, Run } from './run.ts';

const TENTHS = 10;
const FAILURES_MAX = 10;

export interface FuzzReport {
  readonly seed: number;
  readonly rows: readonly FuzzRow[];
  /** After each tenth, in MiB: what lives, after a collection of garbage, and what the process has of the machine. */
  readonly heapMb: readonly number[];
  readonly rssMb: readonly number[];
  /** What did not hold; empty: everything did. */
  readonly failures: readonly string[];
}

export interface FuzzOptions {
  readonly payloads: number;
  readonly seed: number;
  /** Only this one of them, to look at what it does; null: all. */
  readonly only?: number | null;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, of: number) => void;
  /** Instead of one in this process. */
  readonly bus?: Bus;
  readonly kinds?: readonly Kind[];
}

/**
 * Sends wrong payloads at a collector, and right ones between them. Watches that it answers and counts each, that what it
 * counts is what it answers, and what it takes of memory.
 */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { payloads, seed, signal, onProgress, only = null, kinds = KINDS } = options;
  const world = await startFuzzWorld(options.bus);
  const source = new PayloadSource(seed);
  const run = new Run(world);
  const heapMb: number[] = [];
  const rssMb: number[] = [];
  const collectGarbage = garbageCollector();
  try {
    for (let tenth = 1, next = only ?? 0; tenth <= TENTHS; tenth++) {
      const until = only === null ? Math.floor((payloads * tenth) / TENTHS) : only + 1;
      while (next < until && run.failures.length < FAILURES_MAX) {
        signal.throwIfAborted();
        const end = Math.min(until, (Math.floor(next / BATCH) + 1) * BATCH);
        await run.send(batchOf(source, next, end, kindOf(next, kinds)));
        next = end;
        onProgress(run.sent, payloads);
      }
      await collectGarbage();
      const { heapUsed, external, rss } = process.memoryUsage();
      heapMb.push(Math.round((heapUsed + external) / 2 ** 20));
      rssMb.push(Math.round(rss / 2 ** 20));
    }
  } finally {
    await world.close();
  }
  return { seed, rows: run.rows.filter(({ sent }) => sent > 0), heapMb, rssMb, failures: failuresOf(run, world) };
}

function failuresOf(run: Run, world: FuzzWorld): string[] {
  const uneven = run.rows.filter(({ sent, refused, accepted }) => refused + accepted !== sent);
  return [
    ...run.failures,
    ...uneven.map(
      ({ kind, sent, refused, accepted }) => `${kind}: ${sent} sent, ${refused} refused, ${accepted} accepted`,
    ),
    ...world.errors.map((error) => `beside the payloads: ${error}`),
  ];
}

function batchOf(source: PayloadSource, from: number, to: number, kind: Kind): Payload[] {
  return Array.from({ length: to - from }, (_, index) => source.of(from + index, kind));
}

/**
 * Without it what lives cannot be told from what is only not yet gone. What is outside of the heap (buffers, zlib) goes a turn of
 * the loop after what held it.
 */
function garbageCollector(): () => Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  return async () => {
    for (let times = 0; times < 3; times++) {
      collect();
      await setImmediate();
    }
  };
}
