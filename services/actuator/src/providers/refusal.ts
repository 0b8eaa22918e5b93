import { type ErrorClass, type Mark, ProviderError } from './errors.ts';

/** What an API answered instead of a success, in its own words. */
export interface Refusal {
  /** HTTP; null where no answer came, or the failure stands within one of 200. */
  readonly status: number | null;
  /** The API's own code or reason; empty where it gave none. */
  readonly code: string;
  readonly message: string;
  readonly retryAfterMs: number | null;
}

/** An answer that is no success, as it came over HTTP. */
export interface HttpFailure {
  readonly status: number;
  /** With names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON; undefined where it was none. */
  readonly body: unknown;
}

/** What one of an API's errors means. The first rule that fits holds. */
export interface Rule {
  readonly errorClass: ErrorClass;
  /** Of the whole code. */
  readonly codes: RegExp;
  /** Where the code alone does not say it. */
  readonly message?: RegExp;
  /** Where it differs from the API's own default. */
  readonly mark?: Partial<Mark>;
}

const MESSAGE_MAX = 500;

/** The refusal as an error that says what to do: by the first rule, else by the HTTP status. `mark`: the API's default. */
export function classified(refusal: Refusal, rules: readonly Rule[], mark: Mark): ProviderError {
  const rule = rules.find(
    ({ codes, message }) => codes.test(refusal.code) && (message === undefined || message.test(refusal.message)),
  );
  const { code, message, retryAfterMs } = refusal;
  const text = [code, message]
    .filter((part) => part !== '')
    .join(': ')
    .slice(0, MESSAGE_MAX);
  return new ProviderError(rule?.errorClass ?? classOfStatus(refusal.status), text || `HTTP ${refusal.status}`, {
    ...(retryAfterMs !== null && { retryAfterMs }),
    mark: { ...mark, ...rule?.mark },
  });
}

/** No answer may mean anything, and so may an error of the API's own. */
export function classOfStatus(status: number | null): ErrorClass {
  if (status === null || status >= 500 || status === 408) return 'transient';
  if (status === 429) return 'throttled';
  if (status === 401 || status === 403) return 'auth';
  return status >= 400 ? 'config' : 'transient';
}

/** `Retry-After` in seconds; as a date, which no cloud sends, it counts as absent. */
export function retryAfterMs(header: string | null | undefined): number | null {
  const seconds = Number(header ?? Number.NaN);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : null;
}
