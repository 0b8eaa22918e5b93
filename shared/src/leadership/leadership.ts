/** Whether this process is the one that acts. */
export interface Leadership {
  /** What the others know this process by. */
  readonly self: string;
  /** The term in which it leads at this very moment; null: it does not lead. To be asked before every single call. */
  term(): number | null;
  /** Who leads, as far as is known; empty: nobody. */
  holder(): string;
  /** Terms up to this one are over, as others have written down: from now on this process leads in a later one only. */
  outdate(term: number): void;
  /** Takes part from now on. `onChange` is called with each new term, and with null when one has ended. */
  start(onChange: (term: number | null) => void): void;
  /** Takes part no more, and lets the next one lead at once. To be called when nothing acts any more. Never rejects. */
  stop(): Promise<void>;
}

/** Another process may act in the place of this one: what was asked for was not done. */
export class NotLeadingError extends Error {
  override readonly name = 'NotLeadingError';

  constructor(what: string, holder: string) {
    super(`${what}: not done, ${holder === '' ? 'this process' : `${holder} leads and this process`} may not act`);
  }
}
