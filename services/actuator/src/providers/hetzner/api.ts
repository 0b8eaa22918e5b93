import { z } from 'zod';
import { ProviderError } from '../errors.ts';
import { sendJson } from '../http.ts';
import { readToken } from '../join/index.ts';
import type { HttpFailure } from '../refusal.ts';
import { hetznerError } from './errors.ts';

export interface HetznerCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the API's root, such as `servers/42`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Beside the API's token: what an answer may quote of the request. */
  readonly secrets?: readonly string[];
}

export class HetznerApi {
  readonly #root: URL;
  readonly #tokenFile: string;

  constructor(url: string, tokenFile: string) {
    this.#root = new URL(url.endsWith('/') ? url : `${url}/`);
    this.#tokenFile = tokenFile;
  }

  /** What is answered with 2xx; rejects with `ProviderError`. */
  async call<Schema extends z.ZodType>(
    schema: Schema,
    call: HetznerCall,
    signal: AbortSignal,
  ): Promise<z.output<Schema>> {
    return parsed(schema, await this.send(call, signal));
  }

  /** Whatever is answered. */
  async send(call: HetznerCall, signal: AbortSignal): Promise<HttpFailure> {
    const { method, path, query = {}, body, secrets = [] } = call;
    const token = await readToken(this.#tokenFile, 'auth');
    const url = new URL(path, this.#root);
    url.search = new URLSearchParams(query).toString();
    const headers = { authorization: `Bearer ${token}` };
    return await sendJson(url, { method, body, headers, secrets: [token, ...secrets], signal });
  }
}

/** The answer as a success; throws `ProviderError` where it is none. */
export function parsed<Schema extends z.ZodType>(schema: Schema, answer: HttpFailure): z.output<Schema> {
  if (answer.status < 200 || answer.status >= 300) throw hetznerError(answer);
  const result = schema.safeParse(answer.body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  // What cannot be read may have been carried out all the same.
  throw new ProviderError('transient', `unreadable answer: ${issue?.path.join('.')}: ${issue?.message}`);
}

const notFound = z.object({ error: z.object({ code: z.literal('not_found') }) });

/** In the API's own words: a proxy in between may answer 404 for anything. */
export function saysNotFound({ status, body }: HttpFailure): boolean {
  return status === 404 && notFound.safeParse(body).success;
}
