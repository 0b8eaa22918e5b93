import type { CapacityType } from '@forescale/shared/domain';
import { z } from 'zod';
import { ProviderError } from '../errors.ts';
import { type JsonRequest, sendJson } from '../http.ts';
import { type HttpFailure as HttpAnswer, retryAfterMs } from '../refusal.ts';
import type { TokenSource } from './credential.ts';
import { azureError, errorCode } from './errors.ts';

/** The version of each API that requests are written for. */
export const COMPUTE = '2024-11-01';
export const CONTAINER_SERVICE = '2025-07-01';
export const AUTHORIZATION = '2022-04-01';
export const RESOURCES = '2021-04-01';

/** 10,000 machines of 50 a page, which is as few as ARM gives. */
const PAGES_MAX = 200;

/** How long until an operation is asked after where Azure does not say. */
const POLL_MS = 5_000;

export interface ArmCall {
  readonly method: JsonRequest['method'];
  /** Below the root, without a query. */
  readonly path: string;
  readonly apiVersion: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  /** What the call is about: how long a size is not to be had depends on it. */
  readonly capacityType?: CapacityType;
  /** Answers that are no failure, besides 2xx. */
  readonly allowed?: readonly number[];
}

export type { HttpAnswer };

/** The clock that operations are waited for on. */
type Waits = (ms: number, signal: AbortSignal) => Promise<void>;

const pageSchema = z.object({ value: z.array(z.unknown()).max(10_000), nextLink: z.string().nullish() });
const operationSchema = z.object({ status: z.string() });

/** Azure Resource Manager by REST. Rejects with `ProviderError`; the token goes to no other host. */
export class Arm {
  readonly #root: URL;
  readonly #token: TokenSource;

  constructor(endpoint: string, token: TokenSource) {
    this.#root = new URL(endpoint);
    this.#token = token;
  }

  async call(call: ArmCall, signal: AbortSignal): Promise<HttpAnswer> {
    const url = new URL(call.path, this.#root);
    url.search = new URLSearchParams({ ...call.query, 'api-version': call.apiVersion }).toString();
    const answer = await this.#send(url, call, signal);
    const { status } = answer;
    if ((status >= 200 && status < 300) || call.allowed?.includes(status)) return answer;
    throw azureError(answer, call.capacityType ?? 'on_demand');
  }

  /** A read of one resource; null: there is none of this name. */
  async read(call: Omit<ArmCall, 'method'>, signal: AbortSignal): Promise<unknown> {
    const answer = await this.call({ ...call, method: 'GET', allowed: [404] }, signal);
    if (answer.status !== 404) return answer.body;
    // Of a group, a scale set or a subscription that is not there: that says nothing of what is in it.
    if (/^(Resource|Instance|Machine)?NotFound$/.test(errorCode(answer))) return null;
    throw azureError(answer, 'on_demand');
  }

  /** All items of a listing, page by page. */
  async list(call: Omit<ArmCall, 'method'>, signal: AbortSignal): Promise<readonly unknown[]> {
    const items: unknown[] = [];
    let answer = await this.call({ ...call, method: 'GET' }, signal);
    for (let page = 1; ; page++) {
      const { value, nextLink } = parsed(pageSchema, answer.body);
      items.push(...value);
      if (!nextLink) return items;
      if (page >= PAGES_MAX) throw new ProviderError('config', `more than ${PAGES_MAX} pages of ${call.path}`);
      const next = this.#ours(nextLink);
      if (next === null) throw new ProviderError('transient', 'unreadable answer: a link that leads to another host');
      answer = await this.#send(next, { ...call, method: 'GET' }, signal);
      if (answer.status !== 200) throw azureError(answer, 'on_demand');
    }
  }

  /**
   * Waits, for at most `patienceMs`, for the operation that `started` answers for. Resolves to its failure, and to null
   * where it has succeeded, still runs, or cannot be asked after: the order was taken.
   */
  async failureOf(
    started: HttpAnswer,
    patienceMs: number,
    waits: Waits,
    signal: AbortSignal,
  ): Promise<HttpAnswer | null> {
    const link = started.headers['azure-asyncoperation'] ?? started.headers.location;
    const url = link === undefined ? null : this.#ours(link);
    if (url === null) return null;
    let answer = started;
    for (let leftMs = patienceMs; ; ) {
      const waitMs = retryAfterMs(answer.headers['retry-after']) ?? POLL_MS;
      leftMs -= waitMs;
      if (leftMs < 0) return null;
      await waits(waitMs, signal);
      if (signal.aborted) return null;
      const asked = await this.#send(url, { method: 'GET' }, signal).catch(() => null);
      if (asked === null) return null;
      answer = asked;
      if (answer.status >= 400) return isAnswerOf(answer) ? answer : null;
      if (answer.status === 202) continue;
      const status = operationSchema.safeParse(answer.body).data?.status;
      if (status === 'Failed' || status === 'Canceled') return answer;
      if (status === undefined || status === 'Succeeded') return null;
    }
  }

  async #send(url: URL, call: Pick<ArmCall, 'method' | 'headers' | 'body' | 'secrets'>, signal: AbortSignal) {
    const token = await this.#token(signal);
    return await sendJson(url, {
      method: call.method,
      headers: { ...call.headers, authorization: `Bearer ${token}` },
      ...(call.body !== undefined && { body: call.body }),
      secrets: [token, ...(call.secrets ?? [])],
      signal,
    });
  }

  /** A link of ARM's own making; null: it does not lead back to it, and may not see the token. */
  #ours(link: string): URL | null {
    const url = URL.canParse(link) ? new URL(link) : null;
    return url?.origin === this.#root.origin ? url : null;
  }
}

/** Whether asking failed says nothing of the operation; that it has failed is told with 4xx and its own code. */
function isAnswerOf(answer: HttpAnswer): boolean {
  return answer.status < 500 && ![401, 403, 404, 408, 429].includes(answer.status) && errorCode(answer) !== '';
}

/** What cannot be read may have been carried out all the same. */
export function parsed<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new ProviderError('transient', `unreadable answer: ${issue?.path.join('.')}: ${issue?.message}`);
}
