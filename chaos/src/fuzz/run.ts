import { systemClock } from '@forescale/shared/time';
import type { Counts, FuzzWorld } from './fuzz-world.ts';
import { judge } from './judge.ts';
import { KINDS, type Kind, type Payload, rightOne } from './payloads.ts';

/** In which what was published is counted, on a busy machine. */
const COUNTED_WITHIN_MS = 30_000;

export interface FuzzRow {
  readonly kind: Kind;
  readonly sent: number;
  /** By the collector's metrics: something of it was not taken. Of `raw`, which comes to no metric: not answered with 2xx. */
  readonly refused: number;
  /** By the answers, or over NATS by what was written: changed, and right all the same. */
  readonly accepted: number;
}

/** One run: what was sent, and what came of it. */
export class Run {
  readonly rows = KINDS.map((kind) => ({ kind, sent: 0, refused: 0, accepted: 0 }));
  readonly failures: string[] = [];
  readonly #world: FuzzWorld;

  constructor(world: FuzzWorld) {
    this.#world = world;
  }

  get sent(): number {
    return this.rows.reduce((sum, row) => sum + row.sent, 0);
  }

  /** Payloads of one kind, and a right one behind them. */
  async send(batch: readonly Payload[]): Promise<void> {
    const [first] = batch;
    if (first === undefined) return;
    if (first.kind === 'nats') await this.#publishAll(batch);
    else for (const payload of batch) await (first.kind === 'raw' ? this.#connect(payload) : this.#post(payload));
    await this.#sendRight(first.kind);
  }

  /** Each message is one sample, or refused and counted as one. */
  async #publishAll(batch: readonly Payload[]): Promise<void> {
    const { written, refused } = await this.#publish(batch);
    this.#count('nats', { sent: batch.length, refused, accepted: written });
    if (written + refused === batch.length) return;
    this.failures.push(`nats: ${batch.length} sent, ${written} written and ${refused} refused`);
    for (const payload of batch) {
      const alone = await this.#publish([payload]);
      if (alone.written + alone.refused === 1) continue;
      this.#fail(payload, `${alone.written} written and ${alone.refused} refused`);
      return;
    }
  }

  async #publish(batch: readonly Payload[]): Promise<Counts> {
    const before = this.#world.counts();
    for (const payload of batch) await this.#world.publish(payload);
    const untilMs = systemClock.nowMs() + COUNTED_WITHIN_MS;
    for (let counted = this.#since(before); ; counted = this.#since(before)) {
      if (counted.written + counted.refused >= batch.length || systemClock.nowMs() > untilMs) return counted;
      await systemClock.sleep(1);
    }
  }

  async #post(payload: Payload): Promise<void> {
    const before = this.#world.counts();
    try {
      const answer = await this.#world.post(payload);
      const counted = this.#since(before);
      const { isAccepted, wrong } = judge(payload, answer, counted);
      this.#count(payload.kind, { sent: 1, refused: counted.refused > 0 ? 1 : 0, accepted: isAccepted ? 1 : 0 });
      if (wrong !== null) this.#fail(payload, `answered ${answer.status}: ${wrong}`);
    } catch (error) {
      this.#count(payload.kind, { sent: 1, refused: 0, accepted: 0 });
      this.#fail(payload, String(error));
    }
  }

  /** Answered, or hung up on: both are as they should be. A mistake of the server's own is not. */
  async #connect(payload: Payload): Promise<void> {
    try {
      const statuses = await this.#world.connect(payload.body);
      const isAccepted = statuses.some((status) => status >= 200 && status < 300);
      this.#count('raw', { sent: 1, refused: isAccepted ? 0 : 1, accepted: isAccepted ? 1 : 0 });
      if (statuses.some((status) => status >= 500 && status !== 505)) this.#fail(payload, `answered ${statuses}`);
    } catch (error) {
      this.#count('raw', { sent: 1, refused: 0, accepted: 0 });
      this.#fail(payload, String(error));
    }
  }

  /** Whatever came before, a right one is taken. */
  async #sendRight(kind: Kind): Promise<void> {
    const right = rightOne(kind);
    const before = this.#world.counts();
    if (kind === 'nats') await this.#publish([right]);
    else await this.#world.post(right).catch((error: unknown) => this.#fail(right, String(error)));
    const { written, refused } = this.#since(before);
    if (written !== 1 || refused !== 0) this.failures.push(`${kind}: a right one was not taken after the wrong ones`);
  }

  #since(before: Counts): Counts {
    const now = this.#world.counts();
    return { written: now.written - before.written, refused: now.refused - before.refused };
  }

  #count(kind: Kind, more: Omit<FuzzRow, 'kind'>): void {
    const row = this.rows.find((one) => one.kind === kind);
    if (!row) return;
    row.sent += more.sent;
    row.refused += more.refused;
    row.accepted += more.accepted;
  }

  #fail({ number, kind, path, headers, body }: Payload, what: string): void {
    const start = body.subarray(0, 300).toString('base64') + (body.length > 300 ? '…' : '');
    this.failures.push(`payload ${number}, ${kind}: ${what}: ${path} ${JSON.stringify(headers)} base64 ${start}`);
  }
}
