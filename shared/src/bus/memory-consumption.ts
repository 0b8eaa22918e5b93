import { setImmediate as nextTurn } from 'node:timers/promises';
import { outsideOfTraces } from '../telemetry/index.ts';
import type { Clock } from '../time/index.ts';
import type { ConsumeHandler, ConsumeOptions, Subscription } from './bus.ts';
import type { Delivery, MemoryConsumer } from './memory-consumer.ts';
import type { MemoryStream } from './memory-stream.ts';
import { redeliveryDelayMs, unacknowledgedMax } from './redelivery.ts';

export interface MemoryConsumptionParts {
  readonly stream: MemoryStream;
  readonly options: ConsumeOptions;
  readonly handler: ConsumeHandler;
  readonly clock: Clock;
  readonly onError: (error: Error) => void;
}

/** One `consume` call on a stream in memory: collects a batch, hands it over, acknowledges or gives it back. */
export class MemoryConsumption implements Subscription {
  readonly #parts: MemoryConsumptionParts;
  readonly #consumer: MemoryConsumer;
  readonly #stopping = new AbortController();
  readonly #done: Promise<void>;

  constructor(parts: MemoryConsumptionParts) {
    this.#parts = parts;
    this.#consumer = parts.stream.consumer(parts.options.durable);
    this.#done = outsideOfTraces(() => this.#run());
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { clock, handler, onError } = this.#parts;
    let failures = 0;
    for (;;) {
      const batch = await this.#collect();
      if (batch.length === 0) return;
      this.#consumer.hold(batch);
      try {
        await handler(
          batch.map(({ message: { subject, data, traceparent }, count }) => ({
            ...{ subject, data, traceparent, deliveries: count },
          })),
        );
        this.#consumer.acknowledge(batch);
        failures = 0;
      } catch (error) {
        onError(error instanceof Error ? error : new Error(String(error)));
        const nowMs = clock.nowMs();
        this.#consumer.giveBack(batch, ({ count }) => nowMs + redeliveryDelayMs(count));
        // A handler that fails whatever it gets shall not fail its way through the whole stream.
        await this.#sleep(nowMs + redeliveryDelayMs(++failures));
      }
      // A long backlog shall not keep timers and sockets waiting.
      await nextTurn();
    }
  }

  /** Waits for a batch that is full or old enough; empty when stopped. */
  async #collect(): Promise<Delivery[]> {
    const { clock, options } = this.#parts;
    const { batch, maxWaitMs, ackWaitMs } = options;
    const collected: Delivery[] = [];
    let deadlineMs: number | null = null;
    for (;;) {
      const nowMs = clock.nowMs();
      if (this.#stopping.signal.aborted) {
        this.#consumer.giveBack(collected, () => nowMs);
        return [];
      }
      const room = batch - collected.length;
      collected.push(...this.#consumer.take(room, nowMs, ackWaitMs, unacknowledgedMax(batch)));
      if (collected.length > 0) deadlineMs ??= nowMs + maxWaitMs;
      if (collected.length === batch || (deadlineMs !== null && nowMs >= deadlineMs)) return collected;
      await this.#untilWork(deadlineMs);
    }
  }

  /** Until the stream changes, a message is due again, the batch is old enough, or we are stopped. */
  async #untilWork(deadlineMs: number | null): Promise<void> {
    const wakeMs = Math.min(this.#consumer.nextDueMs() ?? Infinity, deadlineMs ?? Infinity);
    await this.#sleep(wakeMs, (wake) => this.#parts.stream.watch(wake));
  }

  async #sleep(untilMs: number, watch: (wake: () => void) => () => void = () => () => {}): Promise<void> {
    const { clock } = this.#parts;
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    const waiting = new AbortController();
    const wake = () => waiting.abort();
    const woken = new Promise<void>((resolve) => waiting.signal.addEventListener('abort', () => resolve()));
    const unwatch = watch(wake);
    signal.addEventListener('abort', wake);
    await (untilMs === Infinity ? woken : Promise.race([woken, clock.sleep(untilMs - clock.nowMs(), waiting.signal)]));
    wake();
    unwatch();
    signal.removeEventListener('abort', wake);
  }
}
