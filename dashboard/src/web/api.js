// @ts-check
/** @import { ForecastDocument, HistoryDocument, PlanDocument, PoolsDocument, SourcesDocument, WhatIfDocument } from './documents.ts' */

const TIMEOUT_MS = 10_000;
/** Two replays, and those of others before them. */
const REPLAY_TIMEOUT_MS = 60_000;
const TOKEN_KEY = 'forescale-token';

/** Why the service did not answer; `message` is for people. `tokenWanted` when it asks for a token. */
export class ApiError extends Error {
  /** @override */
  name = 'ApiError';
  /** @param {string} message @param {{ tokenWanted?: boolean, cause?: unknown }} [detail] */
  constructor(message, { tokenWanted = false, cause } = {}) {
    super(message, { cause });
    this.tokenWanted = tokenWanted;
  }
}

/** The actuator's read-only API on the page's own origin. Every call rejects with `ApiError`. */
export const api = {
  /** @returns {Promise<PoolsDocument>} */
  pools: () => get('pools', {}),
  /** @returns {Promise<SourcesDocument>} */
  sources: () => get('sources', {}),
  /** @param {string} pool @returns {Promise<ForecastDocument>} */
  forecast: (pool) => get('forecast', { pool }),
  /** @param {string} pool @param {number} decisions at most so many @returns {Promise<PlanDocument>} */
  plan: (pool, decisions) => get('plan', { pool, decisions: String(decisions) }),
  /**
   * @param {{ pool: string, signal: string, fromS: number, toS: number, points: number }} query
   * @returns {Promise<HistoryDocument>}
   */
  history: ({ pool, signal, fromS, toS, points }) =>
    get('history', {
      pool,
      signal,
      from: String(Math.floor(fromS)),
      to: String(Math.floor(toS)),
      points: String(points),
    }),
  /**
   * Which settings can be tried out, and with one what the last day would have come to.
   * @param {{ pool: string, signal: string, knob?: string, value?: number }} query @returns {Promise<WhatIfDocument>}
   */
  whatIf: ({ pool, signal, knob, value }) =>
    get('what-if', { pool, signal, ...(knob === undefined ? {} : { knob, value: String(value) }) }, REPLAY_TIMEOUT_MS),
};

/** Kept for this tab only; where storage is forbidden, until the page is left. @type {string | null} */
let tokenInMemory = null;

/** @param {string} token */
export function rememberToken(token) {
  tokenInMemory = token;
  try {
    sessionStorage.setItem(TOKEN_KEY, token);
  } catch {
    // It is in memory.
  }
}

function rememberedToken() {
  try {
    return tokenInMemory ?? sessionStorage.getItem(TOKEN_KEY);
  } catch {
    return tokenInMemory;
  }
}

/** @param {string} document @param {Record<string, string>} query */
async function get(document, query, timeoutMs = TIMEOUT_MS) {
  const token = rememberedToken();
  /** @type {Response} */
  let response;
  try {
    response = await fetch(`api/v1/${document}?${new URLSearchParams(query)}`, {
      headers: token ? { authorization: `Bearer ${token}` } : {},
      cache: 'no-store',
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (cause) {
    const late = cause instanceof DOMException && cause.name === 'TimeoutError';
    throw new ApiError(late ? `no answer within ${timeoutMs / 1000} s` : 'the service cannot be reached', { cause });
  }
  if (response.status === 401) throw new ApiError('the service asks for an access token', { tokenWanted: true });
  const body = await response.json().catch((/** @type {unknown} */ cause) => {
    throw new ApiError(`the answer (HTTP ${response.status}) is not JSON`, { cause });
  });
  if (response.ok) return body;
  throw new ApiError(typeof body?.error === 'string' ? body.error : `the service answered HTTP ${response.status}`);
}
