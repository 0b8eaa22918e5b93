import { type Clock, within } from '@forescale/shared/time';

/** What a check came to. Only `fail` says that something will not work. */
export interface Finding {
  readonly check: 'reachable' | 'permission' | 'clock' | 'version' | 'machines' | 'price' | 'single writer';
  /** What was looked at, such as a server, a right or a pool. */
  readonly subject: string;
  readonly state: 'ok' | 'warn' | 'fail';
  readonly detail: string;
}

/** The time that checks take on, and how long one of them may. */
export interface Patience {
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** What `work` resolves to, or why it did not in time; the signal that it gets aborts then. */
export async function attempt<T>(
  { clock, timeoutMs }: Patience,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<{ readonly value: T } | { readonly error: string }> {
  try {
    const late = () => new Error(`no answer within ${timeoutMs} ms`);
    return { value: await within(clock, timeoutMs, work, late) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
