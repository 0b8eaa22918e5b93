import type { Clock } from '@forescale/shared/time';
import { z } from 'zod';
import { asProviderError, type ErrorClass, ProviderError } from '../errors.ts';
import { type Engine, engineCall } from './engine.ts';

/** A creation waits so long for an image; after that it is asked for again. */
const WAIT_MS = 8_000;
const ASK_AGAIN_MS = 5_000;
const PULL_MS_MAX = 20 * 60_000;
const PROGRESS_BYTES_MAX = 16 * 2 ** 20;

const stream = z.custom<NodeJS.ReadableStream>((value) => typeof value === 'object' && value !== null);

/** What stays so until somebody changes it; whatever else broke off may go through the next time. */
const LASTING = /not found|unknown|denied|unauthorized|no matching manifest|invalid reference/i;

interface Pull {
  /** Null: it is there; otherwise why it is not. Never rejects. */
  readonly done: Promise<ProviderError | null>;
  progress: string;
}

/**
 * Images that are pulled. A pull goes on when the creation that needs it has run out of time: an engine gives one up whose
 * asker goes away, and the next creation would begin anew.
 */
export class ImagePulls {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #pulls = new Map<string, Pull>();

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** Resolves once the image is there. Rejects with `throttled` while it is being pulled: the same call later succeeds. */
  async ensure(image: string): Promise<void> {
    const pull = this.#pulls.get(image) ?? this.#begin(image);
    const waiting = new AbortController();
    const late = this.#clock.sleep(WAIT_MS, waiting.signal).then(() => 'late' as const);
    const outcome = await Promise.race([pull.done, late]);
    waiting.abort();
    if (outcome === null) return;
    // Nothing was made, but the request stands: it is sent again.
    if (outcome === 'late')
      throw new ProviderError('throttled', `image ${image} is being pulled: ${pull.progress}`, {
        retryAfterMs: ASK_AGAIN_MS,
        ambiguous: true,
      });
    throw outcome;
  }

  #begin(image: string): Pull {
    const pull: Pull = { progress: 'begun', done: this.#run(image, (progress) => (pull.progress = progress)) };
    this.#pulls.set(image, pull);
    void pull.done.then(() => this.#pulls.delete(image));
    return pull;
  }

  async #run(image: string, onProgress: (text: string) => void): Promise<ProviderError | null> {
    try {
      const abortSignal = AbortSignal.timeout(PULL_MS_MAX);
      const steps = await engineCall('read', stream, () => this.#engine.pull(image, { abortSignal }));
      const failure = steps === null ? null : await failureOf(steps, onProgress);
      return failure === null ? null : cannotBePulled(image, LASTING.test(failure) ? 'config' : 'transient', failure);
    } catch (error) {
      const { errorClass, message } = asProviderError(error);
      return cannotBePulled(image, errorClass, message);
    }
  }
}

function cannotBePulled(image: string, errorClass: ErrorClass, why: string): ProviderError {
  return new ProviderError(errorClass, `image ${image} cannot be pulled: ${why}`);
}

/** Of a stream of JSON lines, each a step; the answer is 200 also where the pull fails, which a line then says. */
async function failureOf(steps: NodeJS.ReadableStream, onProgress: (text: string) => void): Promise<string | null> {
  let rest = '';
  let bytes = 0;
  for await (const chunk of steps) {
    bytes += chunk.length;
    if (bytes > PROGRESS_BYTES_MAX) return `more than ${PROGRESS_BYTES_MAX} bytes of progress`;
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const { error, status, progress } = stepOf(line);
      if (error !== '') return error;
      if (status !== '') onProgress(`${status} ${progress}`.trim().slice(0, 200));
    }
  }
  const { error } = stepOf(rest);
  return error === '' ? null : error;
}

function stepOf(line: string): Readonly<Record<'error' | 'status' | 'progress', string>> {
  let step: Readonly<Record<string, unknown>> = {};
  try {
    step = JSON.parse(line);
  } catch {
    // An empty line, or half of one.
  }
  const text = (key: string) => (typeof step[key] === 'string' ? step[key].slice(0, 500) : '');
  return { error: text('error'), status: text('status'), progress: text('progress') };
}
