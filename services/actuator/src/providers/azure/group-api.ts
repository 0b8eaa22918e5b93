import type { ProviderError } from '../errors.ts';
import type { Machine } from '../port.ts';

/** A scale set or an agent pool as it stands. */
export interface Group {
  readonly name: string;
  /** How many machines it shall have. */
  readonly size: number;
  /** What it says that it cannot deliver; `atMs` null: it does not say since when. */
  readonly failure: { readonly error: ProviderError; readonly atMs: number | null } | null;
  /** As it was answered, for what is sent back. */
  readonly answer: unknown;
  readonly etag: string;
}

/** What is sent to the API of one kind of group. Rejects with `ProviderError`. */
export interface GroupApi {
  read(name: string, signal: AbortSignal): Promise<Group>;
  /** `changed`: somebody else has written it since it was read. */
  resize(group: Group, size: number, signal: AbortSignal): Promise<'done' | 'changed'>;
  members(name: string, signal: AbortSignal): Promise<readonly Machine[]>;
  /** Null: it is gone. */
  member(name: string, id: string, signal: AbortSignal): Promise<Machine | null>;
  /** Removes these, and lowers the size by as many. */
  remove(name: string, ids: readonly string[], signal: AbortSignal): Promise<void>;
}
