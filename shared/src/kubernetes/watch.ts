import type { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import type { Clock } from '../time/index.ts';
import { KubernetesRefusedError, KubernetesUnavailableError } from './errors.ts';
import { openStream } from './get.ts';
import type { WatchEvent } from './mirror.ts';
import { unavailable } from './request.ts';
import { understand } from './understand.ts';

/** Servers send a bookmark about every minute: after two and a half without one nobody is there any more. */
export const SILENCE_MS_MAX = 150_000;
/** etcd takes objects of up to 1.5 MB. */
const LINE_CHARS_MAX = 16 * 2 ** 20;

const CHANGES: readonly string[] = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'] satisfies WatchEvent['type'][];

const line = z.object({ type: z.string(), object: z.unknown() });

const status = z.object({
  code: z.number().default(0),
  message: z.string().default(''),
  details: z.object({ retryAfterSeconds: z.number().nullish() }).nullish(),
});

export interface WatchOptions {
  readonly kube: KubeConfig;
  readonly path: string;
  /** Everything after it is told. */
  readonly version: number;
  /** The server ends the watch by itself after so long, so that no connection lasts for ever. */
  readonly timeoutSeconds: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called once the server has begun to answer. */
  readonly onOpen: () => void;
}

/**
 * What changes from a version on, in batches as it comes; ends when the server ends it. Rejects, typed, for everything
 * that breaks a watch: a connection that is reset or says nothing for too long, a line that is torn or is no JSON, an
 * `ERROR` event (410: the version is forgotten). Whoever goes on from the last version that was told misses nothing.
 */
export async function* watchFrom(options: WatchOptions): AsyncGenerator<readonly WatchEvent[]> {
  const { kube, path, version, timeoutSeconds, clock } = options;
  const target = `${path}?watch=1&allowWatchBookmarks=true&resourceVersion=${version}&timeoutSeconds=${timeoutSeconds}`;
  const ends = new AbortController();
  const signal = AbortSignal.any([options.signal, ends.signal]);
  const silence = new Silence(clock, signal, () => ends.abort());
  try {
    const body = await openStream(kube, target, clock, signal);
    options.onOpen();
    const lines = new Lines(path);
    for await (const chunk of body) {
      const events = lines.take(chunk).flatMap((text) => parseLine(path, text));
      if (events.length === 0) continue;
      silence.isBroken();
      yield events;
    }
    lines.end();
  } catch (error) {
    if (silence.wasTooLong) throw new KubernetesUnavailableError(`watch ${path}: silent for ${SILENCE_MS_MAX} ms`);
    throw unavailable(`GET ${path}`, error);
  } finally {
    ends.abort();
  }
}

/** Calls `onTooLong` when nothing was heard for too long, until `signal` aborts. */
class Silence {
  wasTooLong = false;
  readonly #clock: Clock;
  #heardMs: number;

  constructor(clock: Clock, signal: AbortSignal, onTooLong: () => void) {
    this.#clock = clock;
    this.#heardMs = clock.nowMs();
    void this.#watch(signal, onTooLong);
  }

  isBroken(): void {
    this.#heardMs = this.#clock.nowMs();
  }

  async #watch(signal: AbortSignal, onTooLong: () => void): Promise<void> {
    while (!signal.aborted) {
      const leftMs = this.#heardMs + SILENCE_MS_MAX - this.#clock.nowMs();
      if (leftMs <= 0) {
        this.wasTooLong = true;
        return onTooLong();
      }
      await this.#clock.sleep(leftMs, signal);
    }
  }
}

/** Cuts what comes into lines; half a line waits for the rest of it. */
class Lines {
  readonly #path: string;
  readonly #decoder = new TextDecoder();
  #rest = '';

  constructor(path: string) {
    this.#path = path;
  }

  take(chunk: Uint8Array): string[] {
    const text = this.#decoder.decode(chunk, { stream: true });
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > LINE_CHARS_MAX)
      throw new KubernetesRefusedError(0, `watch ${this.#path}: a line of more than ${LINE_CHARS_MAX} characters`);
    return lines.filter((one) => one.trim() !== '');
  }

  end(): void {
    if (this.#rest.trim() !== '') throw new KubernetesUnavailableError(`watch ${this.#path}: ended within a line`);
  }
}

/** None for a kind of event that a later Kubernetes may have. */
function parseLine(path: string, text: string): WatchEvent[] {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw new KubernetesUnavailableError(`watch ${path}: a line is not JSON`, { cause: error });
  }
  const { type, object } = understand(`watch ${path}`, line, raw);
  if (type === 'ERROR') throw endOf(path, object);
  return CHANGES.includes(type) ? [{ type: type as WatchEvent['type'], object }] : [];
}

function endOf(path: string, object: unknown): Error {
  const { code, message, details } = understand(`watch ${path}`, status, object);
  const text = `watch ${path}: ${code} ${message.slice(0, 200)}`;
  if (code !== 429 && code < 500) return new KubernetesRefusedError(code, text);
  const seconds = details?.retryAfterSeconds ?? null;
  return new KubernetesUnavailableError(text, { retryAfterMs: seconds === null ? null : seconds * 1_000 });
}
