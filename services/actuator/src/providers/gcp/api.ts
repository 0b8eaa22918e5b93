import type { GcpConfig } from '@forescale/shared/config';
import { type Clock, within } from '@forescale/shared/time';
import type { z } from 'zod';
import { asProviderError, ProviderError } from '../errors.ts';
import { type JsonRequest, sendJson } from '../http.ts';
import type { HttpFailure } from '../refusal.ts';
import { type Operation, operationSchema } from './answers.ts';
import { gcpError, isNotFound } from './errors.ts';
import type { TokenSource } from './token.ts';

type Query = Readonly<Record<string, string | number>>;

interface Page {
  readonly nextPageToken?: string | undefined;
}

const PAGE_SIZE = 100;
/** 100,000 machines; more is a mistake. */
const PAGES_MAX = 1_000;

/** `wait` may answer before its time, and says nothing then. */
const ASK_AGAIN_MS = 500;

/** The calls of one project: each with a token, answered in its shape, or rejected with a `ProviderError`. */
export class GcpApi {
  readonly project: string;
  readonly #config: GcpConfig;
  readonly #token: TokenSource;
  readonly #clock: Clock;

  constructor(config: GcpConfig, token: TokenSource, clock: Clock) {
    this.project = config.project;
    this.#config = config;
    this.#token = token;
    this.#clock = clock;
  }

  /** Below `projects/<project>/` of Compute Engine. */
  compute(path: string, query: Query = {}): URL {
    return urlOf(this.#config.endpoint, `compute/v1/projects/${this.project}/${path}`, query);
  }

  container(path: string): URL {
    return urlOf(this.#config.containerEndpoint, `v1/projects/${this.project}/${path}`);
  }

  resourceManager(path: string): URL {
    return urlOf(this.#config.resourceManagerEndpoint, `v3/projects/${this.project}${path}`);
  }

  async call<Schema extends z.ZodType>(
    schema: Schema,
    method: JsonRequest['method'],
    url: URL,
    signal: AbortSignal,
    body?: unknown,
    /** Of the body: a refusal may quote it. */
    secrets: readonly string[] = [],
  ): Promise<z.output<Schema>> {
    return understood(schema, await this.#send(method, url, signal, body, secrets));
  }

  /** Null: the API itself says that there is no such thing. */
  async callIfThere<Schema extends z.ZodType>(
    schema: Schema,
    method: JsonRequest['method'],
    url: URL,
    signal: AbortSignal,
  ): Promise<z.output<Schema> | null> {
    const answer = await this.#send(method, url, signal);
    return isNotFound(answer) ? null : understood(schema, answer);
  }

  /** All pages of a listing. */
  async pages<Schema extends z.ZodType<Page>>(
    schema: Schema,
    method: 'GET' | 'POST',
    path: string,
    query: Query,
    signal: AbortSignal,
  ): Promise<z.output<Schema>[]> {
    const pages: z.output<Schema>[] = [];
    let pageToken = '';
    while (pages.length < PAGES_MAX) {
      const url = this.compute(path, { ...query, maxResults: PAGE_SIZE, ...(pageToken !== '' && { pageToken }) });
      const page = await this.call(schema, method, url, signal);
      pages.push(page);
      pageToken = page.nextPageToken ?? '';
      if (pageToken === '') return pages;
    }
    throw new ProviderError('config', `${path}: more than ${PAGES_MAX} pages of ${PAGE_SIZE}`);
  }

  /**
   * Waits until the operation of a zone or region (`zones/us-central1-a`) is done, at most until `endMs`; resolves to whether
   * it is. Rejects with what it failed with, which has made nothing.
   */
  async finish(scope: string, operation: Operation, endMs: number, signal: AbortSignal): Promise<boolean> {
    for (let now = operation; ; ) {
      if (hasFailed(now)) throw gcpError({ status: 200, headers: {}, body: now });
      if (now.status === 'DONE') return true;
      const askedMs = this.#clock.nowMs();
      if (askedMs >= endMs) return false;
      const next = await this.#wait(scope, now.name, endMs - askedMs, signal);
      if (next === null) return false;
      if (next.status !== 'DONE' && this.#clock.nowMs() - askedMs < ASK_AGAIN_MS)
        await this.#clock.sleep(ASK_AGAIN_MS, signal);
      now = next;
    }
  }

  async #send(
    method: JsonRequest['method'],
    url: URL,
    signal: AbortSignal,
    body?: unknown,
    secrets: readonly string[] = [],
  ): Promise<HttpFailure> {
    const token = await this.#token(signal);
    const headers = { authorization: `Bearer ${token}` };
    return await sendJson(url, { method, headers, body, signal, secrets: [token, ...secrets] });
  }

  /** Null: not in time. Compute Engine answers after 2 min at the latest, which is later than anybody waits here. */
  async #wait(scope: string, name: string, ms: number, signal: AbortSignal): Promise<Operation | null> {
    const url = this.compute(`${scope}/operations/${encodeURIComponent(name)}/wait`);
    const late = new Error('late');
    try {
      return await within(
        this.#clock,
        ms,
        (ends) => this.call(operationSchema, 'POST', url, AbortSignal.any([signal, ends])),
        () => late,
      );
    } catch (error) {
      if (error === late) return null;
      // Whatever is wrong with asking, the operation goes on.
      throw asProviderError(error).withAmbiguity(true);
    }
  }
}

function understood<Schema extends z.ZodType>(schema: Schema, answer: HttpFailure): z.output<Schema> {
  if (answer.status < 200 || answer.status > 299) throw gcpError(answer);
  const parsed = schema.safeParse(answer.body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  // It may have been carried out all the same.
  throw new ProviderError('transient', `unreadable answer: ${issue?.path.join('.')}: ${issue?.message}`);
}

export function hasFailed({ status, error, httpErrorStatusCode }: Operation): boolean {
  return status === 'DONE' && (error !== undefined || (httpErrorStatusCode ?? 200) >= 400);
}

function urlOf(root: string, path: string, query: Query = {}): URL {
  const url = new URL(`${root}/${path}`);
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, String(value));
  return url;
}
