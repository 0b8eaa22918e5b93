import { vi } from 'vitest';
import type { Bus, BusMessage } from './bus.ts';

/** What the parts of the conformance suite share. */
export interface Suite {
  readonly bus: () => Bus;
  /** A token that no other test uses. */
  readonly fresh: () => string;
  readonly errors: readonly string[];
}

export const bytes = (text: string) => new TextEncoder().encode(text);
export const text = (message: BusMessage | null) => message && new TextDecoder().decode(message.data);

/** Waits until something holds; never longer than the bound. */
export const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 20_000, interval: 10 });
