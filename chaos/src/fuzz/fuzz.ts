import type { Bus } from '@forescale/shared/bus';
import { seededRandom, systemClock } from '@forescale/shared/time';
import { type Counts, type FuzzWorld, startFuzzWorld } from './fuzz-world.ts';
import { KINDS, type Kind, type Payload, PayloadSource } from './payloads.ts';

/** NATS messages of which the counts are awaited together. */
const BATCH = 500;
const TENTHS = 10;

export interface FuzzReport {
  readonly seed: number;
  readonly rows: readonly FuzzRow[];
  /** Resident memory after each tenth, in MiB. */
  readonly rssMb: readonly number[];
  /** What did not hold; empty: everything did. */
  readonly failures: readonly string[];
}

interface FuzzRow {
  readonly kind: Kind;
  readonly sent: number;
  /** Payloads of which nothing was taken, or not all of it; each is counted. */
  readonly refused: number;
  /** Changed, and right all the same. */
  readonly valid: number;
}

export interface FuzzOptions {
  readonly payloads: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, of: number) => void;
  /** Instead of one in this process. */
  readonly bus?: Bus;
  readonly kinds?: readonly Kind[];
}

/** Sends wrong payloads at a collector, and watches that it refuses and counts each, answers each, and stays as large as it is. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { payloads, seed, signal, onProgress, kinds = KINDS } = options;
  const world = await startFuzzWorld(options.bus);
  const source = new PayloadSource(seededRandom(seed));
  const run = new Run(world);
  const rssMb: number[] = [];
  try {
    for (let tenth = 1; tenth <= TENTHS; tenth++) {
      const until = Math.floor((payloads * tenth) / TENTHS);
      while (run.sent < until && run.failures.length < 10) {
        signal.throwIfAborted();
        const kind = kinds[Math.floor(run.sent / BATCH) % kinds.length] as Kind;
        const batch = Array.from({ length: Math.min(BATCH, until - run.sent) }, () => source.next(kind));
        if (kind === 'nats') await run.publish(batch);
        else for (const payload of batch) await run.post(payload);
        onProgress(run.sent, payloads);
      }
      rssMb.push(Math.round(process.memoryUsage.rss() / 2 ** 20));
    }
  } finally {
    await world.close();
  }
  const failures = [...run.failures, ...world.errors.map((error) => `beside the requests: ${error}`)];
  return { seed, rows: run.rows.filter(({ sent }) => sent > 0), rssMb, failures };
}

class Run {
  readonly rows = KINDS.map((kind) => ({ kind, sent: 0, refused: 0, valid: 0 }));
  readonly failures: string[] = [];
  readonly #world: FuzzWorld;

  constructor(world: FuzzWorld) {
    this.#world = world;
  }

  get sent(): number {
    return this.rows.reduce((sum, row) => sum + row.sent, 0);
  }

  /** Each message is one sample, or refused and counted as one. */
  async publish(batch: readonly Payload[]): Promise<void> {
    const before = this.#world.counts();
    for (const payload of batch) await this.#world.publish(payload);
    const done = () => {
      const { written, refused } = this.#since(before);
      return written + refused >= batch.length;
    };
    for (let looks = 0; !done() && looks < 10_000; looks++) await systemClock.sleep(1);
    const { written, refused } = this.#since(before);
    this.#count('nats', batch.length, refused);
    if (written + refused === batch.length) return;
    this.failures.push(`nats: ${batch.length} sent, ${written} written and ${refused} refused: ${shown(batch[0])}`);
  }

  async post(payload: Payload): Promise<void> {
    const before = this.#world.counts();
    const status = await this.#world.post(payload).catch((error: unknown) => String(error));
    const { refused } = this.#since(before);
    this.#count(payload.kind, 1, Math.min(1, refused));
    const isExpected = [200, 400, 413, 415].includes(Number(status));
    if (!isExpected) this.failures.push(`answered ${status}: ${shown(payload)}`);
    else if (status !== 200 && refused === 0) this.failures.push(`answered ${status}, not counted: ${shown(payload)}`);
  }

  #since(before: Counts): Counts {
    const now = this.#world.counts();
    return { written: now.written - before.written, refused: now.refused - before.refused };
  }

  #count(kind: Kind, sent: number, refused: number): void {
    const row = this.rows.find((one) => one.kind === kind);
    if (!row) return;
    row.sent += sent;
    row.refused += refused;
    row.valid += sent - refused;
  }
}

/** Enough to send it again by hand. */
function shown(payload: Payload | undefined): string {
  if (payload === undefined) return '';
  const { path, headers, body } = payload;
  return `${path} ${JSON.stringify(headers)} base64 ${body.subarray(0, 300).toString('base64')}${body.length > 300 ? '…' : ''}`;
}
