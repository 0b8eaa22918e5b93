import type { KubeConfig } from '@kubernetes/client-node';
import type { Response } from 'undici';
import { type Clock, systemClock, within } from '../time/index.ts';
import { KubernetesUnavailableError } from './errors.ts';
import { openAnswer, requestJson } from './request.ts';

/** Of a whole answer, with all tries. A server that accepts a call and never answers holds up a tick for as long. */
const TIMEOUT_MS = 30_000;
/** A list of 150,000 pods is 300 pages: one connection that is reset must not cost all of them. */
const RETRY_WAITS_MS = [100, 300];
/** Whoever is told to wait for longer leaves it to the next tick. */
const RETRY_AFTER_MS_MAX = 10_000;

/**
 * The parsed JSON of an answer. Rejects with `KubernetesUnavailableError`, also when the whole answer is not there in
 * time, or `KubernetesRefusedError`.
 */
export async function getJson(
  kube: KubeConfig,
  path: string,
  clock: Clock = systemClock,
  timeoutMs = TIMEOUT_MS,
): Promise<unknown> {
  const once = (signal: AbortSignal) => requestJson(kube, { method: 'GET', path }, signal);
  const { value } = await within(
    clock,
    timeoutMs,
    (signal) => withRetries(clock, signal, () => once(signal)),
    () => late(path, timeoutMs),
  );
  return value;
}

/** Tries again what may succeed later, after as long as the server asks for. */
async function withRetries<T>(clock: Clock, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (const waitMs of RETRY_WAITS_MS) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof KubernetesUnavailableError)) throw error;
      const askedMs = error.retryAfterMs ?? 0;
      if (askedMs > RETRY_AFTER_MS_MAX) throw error;
      await clock.sleep(Math.max(waitMs, askedMs), signal);
    }
  }
  return await work();
}

/** Opens an answer that goes on for as long as `signal` allows; only its beginning has to come in time. */
export async function openStream(
  kube: KubeConfig,
  path: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<NonNullable<Response['body']>> {
  const response = await within(
    clock,
    TIMEOUT_MS,
    () => openAnswer(kube, { method: 'GET', path }, signal),
    () => late(path, TIMEOUT_MS),
  );
  if (response.body === null) throw new KubernetesUnavailableError(`GET ${path}: the answer is empty`);
  return response.body;
}

function late(path: string, timeoutMs: number): KubernetesUnavailableError {
  return new KubernetesUnavailableError(`GET ${path}: no answer within ${timeoutMs} ms`);
}
