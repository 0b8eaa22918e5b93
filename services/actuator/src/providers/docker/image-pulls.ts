import type { Clock } from '@forescale/shared/time';
import { ProviderError } from '../errors.ts';
import type { Engine } from './engine.ts';

/** A creation waits so long for an image; after that it is asked for again. */
const WAIT_MS = 8_000;
const ASK_AGAIN_MS = 5_000;
const PULL_MS_MAX = 20 * 60_000;
const PROGRESS_BYTES_MAX = 16 * 2 ** 20;

interface Pull {
  /** Null: it is there; otherwise why it is not. */
  readonly done: Promise<string | null>;
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
    throw new ProviderError('config', `image ${image} cannot be pulled: ${outcome}`);
  }

  #begin(image: string): Pull {
    const pull: Pull = { progress: 'begun', done: this.#run(image, (progress) => (pull.progress = progress)) };
    this.#pulls.set(image, pull);
    void pull.done.then(() => this.#pulls.delete(image));
    return pull;
  }

  async #run(image: string, onProgress: (text: string) => void): Promise<string | null> {
    try {
      const abortSignal = AbortSignal.timeout(PULL_MS_MAX);
      const stream = await this.#engine.pull(image, { abortSignal });
      return await outcomeOf(stream, onProgress);
    } catch (error) {
      return reasonOf(error);
    }
  }
}

/** Of a stream of JSON lines, each a step; the answer is 200 also where the pull fails, which a line then says. */
async function outcomeOf(stream: NodeJS.ReadableStream, onProgress: (text: string) => void): Promise<string | null> {
  let rest = '';
  let bytes = 0;
  for await (const chunk of stream) {
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

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 500) : String(error);
}
