import { type Bus, BusUnavailableError, type ConsumedMessage, type Subscription } from '@forescale/shared/bus';
import { type ModelKey, modelName } from '@forescale/shared/domain';
import { StateUnavailableError } from '@forescale/shared/state';
import { StoreUnavailableError } from '@forescale/shared/store';
import type { Log } from '@forescale/shared/telemetry';
import type { Clock } from '@forescale/shared/time';
import {
  decodeEvent,
  encodeTraining,
  streams,
  subjects,
  type TrainingRequest,
  trainingId,
  trainingSchema,
  WireError,
} from '@forescale/shared/wire';
import { TrainingFailedError } from './errors.ts';

/** Workers of all predictors are one consumer. */
const DURABLE = 'predictor';
/** After so long the trainings of a process that died are given to another. */
const ACK_WAIT_MS = 10_000;
/** A training that failed so often is dropped. It comes due again, and its last model goes on until then. */
const ATTEMPTS_MAX = 3;
/** Processes are also ended by others than the training that they were at; who is handed out so often is suspect. */
const DELIVERIES_MAX = 5;
/** How often a worker whose store is away asks whether it is back. */
const AWAY_MS = 5_000;

export interface TrainingQueueParts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}

/** Does one training; rejects when it could not. `signal` aborts when the process ends. */
export type RunTraining = (request: TrainingRequest, signal: AbortSignal) => Promise<void>;

/**
 * The trainings that are due, as a work queue that all predictors share: whoever has a free worker takes the next one
 * and keeps it until it is done; when his process dies another one gets it. Messages are bounded by the stream, and
 * one that is lost all the same is asked for again by the owner of its series.
 */
export class TrainingQueue {
  readonly #parts: TrainingQueueParts;
  readonly #stopping = new AbortController();
  readonly #onEnd = new Map<string, Set<() => void>>();
  #workers: Subscription[] = [];
  #open = false;

  constructor(parts: TrainingQueueParts) {
    this.#parts = parts;
  }

  /** Asks for a training, unless one for the same model waits or runs. Rejects while the bus is away. */
  async request(request: TrainingRequest): Promise<void> {
    await this.#ensureStream();
    if (await this.isPending(request.key)) return;
    await this.#parts.bus.publishDurable(subjects.training(request.key), encodeTraining(request), trainingId(request));
  }

  /** Whether a training of this model waits or runs, here or elsewhere. */
  async isPending(key: ModelKey): Promise<boolean> {
    return (await this.#parts.bus.last(streams.training.name, subjects.training(key))) !== null;
  }

  /** As `request`; resolves when a worker of this process has done it, or given it up for now. */
  async requestAndWait(request: TrainingRequest): Promise<void> {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const name = modelName(request.key);
    const waiting = this.#onEnd.get(name) ?? new Set();
    this.#onEnd.set(name, waiting.add(end));
    try {
      await this.request(request);
      // Without this, what was done before we asked would be waited for for ever.
      if (await this.isPending(request.key)) await ended;
    } finally {
      waiting.delete(end);
      if (waiting.size === 0) this.#onEnd.delete(name);
    }
  }

  /** Lets `workers` trainings run at once in this process. Rejects while the bus is away; call it again then. */
  async work(workers: number, run: RunTraining): Promise<void> {
    await this.#ensureStream();
    const options = { stream: streams.training.name, durable: DURABLE, batch: 1, maxWaitMs: 0, ackWaitMs: ACK_WAIT_MS };
    while (this.#workers.length < workers) {
      this.#workers.push(
        await this.#parts.bus.consume(options, async ([message]) => {
          if (message) await this.#handle(message, run);
        }),
      );
    }
  }

  /** Gives up what runs here: it is given to another predictor at once. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#workers.map((worker) => worker.stop()));
    this.#workers = [];
  }

  async #ensureStream(): Promise<void> {
    if (!this.#open) await this.#parts.bus.ensureStream(streams.training);
    this.#open = true;
  }

  async #handle(message: ConsumedMessage, run: RunTraining): Promise<void> {
    const { log } = this.#parts;
    const request = this.#decode(message);
    if (request === null) return;
    const { key, reason } = request;
    const name = modelName(key);
    const attempt = `attempt ${message.deliveries}`;
    try {
      // It has ended the processes that tried: nobody was left to say so.
      if (message.deliveries > DELIVERIES_MAX) throw new TrainingFailedError('WorkerExit', 'whoever tried has died');
      await this.#whenNothingIsAway(name, () => run(request, this.#stopping.signal));
    } catch (error) {
      if (this.#stopping.signal.aborted || message.deliveries < ATTEMPTS_MAX) {
        throw new Error(`training of ${name} (${reason}) failed, ${attempt}`, { cause: error });
      }
      log.error({ err: error, model: name, reason }, `training dropped, ${attempt} failed: the last model goes on`);
    } finally {
      this.#ended(name);
    }
  }

  #decode({ subject, data }: ConsumedMessage): TrainingRequest | null {
    try {
      return decodeEvent(data, trainingSchema);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#parts.log.warn(`training refused: ${subject}: ${error.message}`);
      return null;
    }
  }

  /** A store that is away is no fault of the training: it is not an attempt, and no other worker could do better. */
  async #whenNothingIsAway(name: string, work: () => Promise<void>): Promise<void> {
    const { clock } = this.#parts;
    for (;;) {
      try {
        await work();
        return;
      } catch (error) {
        if (!isAway(error) || this.#stopping.signal.aborted) throw error;
        // Simulated time does not go on while somebody waits for this.
        this.#ended(name);
        await clock.sleep(AWAY_MS, this.#stopping.signal);
      }
    }
  }

  #ended(name: string): void {
    for (const end of this.#onEnd.get(name) ?? []) end();
  }
}

function isAway(error: unknown): boolean {
  return (
    error instanceof StoreUnavailableError ||
    error instanceof StateUnavailableError ||
    error instanceof BusUnavailableError
  );
}
