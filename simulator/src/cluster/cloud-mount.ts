import { CLOUD_PREFIX, type CloudCall, type CloudHttpApi } from '../cloud/http-api.ts';
import type { JsonReply, TextReply } from './api/request.ts';
import { matchesToken } from './http/authentication.ts';

/** The cloud's API on the cluster's server, behind a token of its own. */
export class CloudMount {
  readonly prefix = CLOUD_PREFIX;
  readonly #api: CloudHttpApi;
  readonly #token: string | null;
  readonly #afterCall: () => void;

  /** `afterCall` runs once a call has been carried out. */
  constructor(api: CloudHttpApi, token: string | null, afterCall: () => void) {
    this.#api = api;
    this.#token = token;
    this.#afterCall = afterCall;
  }

  async handle(call: CloudCall, authorization: string | undefined): Promise<JsonReply | TextReply> {
    if (this.#token !== null && !matchesToken(authorization, this.#token)) {
      const error = { class: 'auth', message: 'Unauthorized: the token is missing or wrong' };
      return { type: 'json', status: 401, body: JSON.stringify({ error }) };
    }
    const answered = this.#api.handle(call);
    this.#afterCall();
    return { type: 'json', ...(await answered) };
  }
}
