import type { Call } from './faults.ts';
import { flawOf } from './models.ts';
import { Refusal, type Reply } from './replies.ts';

interface Asked {
  /** What stands where the path has a `*`. */
  readonly names: readonly string[];
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
  /** Notes a right that the call needs besides its own. */
  readonly needs: (actions: readonly string[]) => void;
}

export interface Route {
  readonly method: string;
  /** Below the subscription; `*` is a name. */
  readonly path: string;
  readonly action: string;
  /** As which call it may go wrong. */
  readonly call: Call;
  readonly apiVersion: string;
  /** Parameters besides the version. */
  readonly query?: readonly string[];
  /** An array is the items of a listing, which come in pages. */
  readonly run: (asked: Asked) => Reply | readonly unknown[];
}

/** A body of a model in arm-models.txt, or the refusal that it deserves. */
export function checkedBody<Body>(namespace: string, model: string, body: unknown): Body {
  const flaw = flawOf(namespace, model, body);
  if (flaw !== null) throw new Refusal(400, 'InvalidRequestContent', flaw);
  return body as Body;
}

export function found<T>(item: T | undefined, what: string): T {
  if (item !== undefined) return item;
  throw new Refusal(404, 'ResourceNotFound', `The Resource '${what}' under resource group 'nodes' was not found.`);
}
