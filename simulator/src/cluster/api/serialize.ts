import { apiVersionOf, type Kind } from '../objects/kinds.ts';
import type { StoredEntry } from '../store/entry.ts';
import type { JsonReply } from './request.ts';

/** The object with its type in front, as it is on the wire when it stands alone. */
export function typedJson(kind: Kind, entry: StoredEntry): string {
  return `{"kind":"${kind.kind}","apiVersion":"${apiVersionOf(kind)}",${entry.json.slice(1)}`;
}

export function entryReply(status: number, kind: Kind, entry: StoredEntry): JsonReply {
  return { type: 'json', status, body: typedJson(kind, entry) };
}
