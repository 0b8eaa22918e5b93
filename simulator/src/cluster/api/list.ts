import { Buffer } from 'node:buffer';
import { ApiError, badRequest, expired } from '../objects/errors.ts';
import { isJsonObject, type Json } from '../objects/json.ts';
import { apiVersionOf, type Kind } from '../objects/kinds.ts';
import { parseSelectors } from '../objects/selectors.ts';
import { type Collection, keyOf } from '../store/collection.ts';
import type { StoredEntry } from '../store/entry.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { JsonReply } from './request.ts';

/** Where the next page begins, and in which state of the store. */
interface Continuation {
  readonly revision: number;
  readonly afterKey: string;
}

/**
 * A list, whole or one page of it. All pages show the state at the first page's revision; 410 when the changes since
 * then are not all known any more.
 */
export function listReply(
  store: ObjectStore,
  kind: Kind,
  namespace: string,
  query: URLSearchParams,
  itemsMax = Number.POSITIVE_INFINITY,
): JsonReply {
  const collection = store.collection(kind.name);
  const continuation = parseContinue(query.get('continue') ?? '');
  const asked = parseCount(query, 'limit');
  const limit = asked > 0 ? Math.min(asked, itemsMax) : 0;
  const revision = continuation?.revision ?? listRevision(query, store.revision);
  const matches = parseSelectors(kind.name, query.get('labelSelector') ?? '', query.get('fieldSelector') ?? '');

  let entries = entriesAt(collection, revision, store.revision, namespace);
  if (continuation !== null) entries = entries.filter((entry) => entryKey(entry) > continuation.afterKey);
  if (matches !== null) entries = entries.filter((entry) => matches(entry.object));
  const page = limit > 0 ? entries.slice(0, limit) : entries;
  const last = page.at(-1);
  const metadata: Record<string, Json> = { resourceVersion: String(revision) };
  if (last !== undefined && page.length < entries.length) {
    metadata.continue = formatContinue({ revision, afterKey: entryKey(last) });
    if (matches === null) metadata.remainingItemCount = entries.length - page.length;
  }
  return { type: 'json', status: 200, body: listJson(kind, metadata, page) };
}

/** Each object was serialised once, when it was written: a list is those strings, joined. */
function listJson(kind: Kind, metadata: Json, page: readonly StoredEntry[]): string {
  const head = `{"kind":"${kind.kind}List","apiVersion":"${apiVersionOf(kind)}"`;
  const items = page.map((entry) => entry.json).join(',');
  return `${head},"metadata":${JSON.stringify(metadata)},"items":[${items}]}`;
}

function entryKey(entry: StoredEntry): string {
  return keyOf(entry.object.metadata.namespace ?? '', entry.object.metadata.name);
}

function entriesAt(
  collection: Collection,
  revision: number,
  newest: number,
  namespace: string,
): readonly StoredEntry[] {
  if (revision === newest) return collection.entries(namespace);
  const entries = collection.entriesAt(revision, namespace);
  if (entries !== null) return entries;
  throw expired(
    'The provided continue parameter is too old to display a consistent list result. You must start a new list ' +
      'without the continue parameter.',
  );
}

/** Which state a list without a continuation shows: the newest, unless exactly another one is asked for. */
function listRevision(query: URLSearchParams, newest: number): number {
  const asked = parseRevision(query);
  if (asked !== null && asked > newest) {
    throw new ApiError(504, 'Timeout', `Too large resource version: ${asked}, current: ${newest}`, {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    });
  }
  return query.get('resourceVersionMatch') === 'Exact' && asked !== null ? asked : newest;
}

/** The query's `resourceVersion`; null when it is absent or 0, which both mean "any". */
export function parseRevision(query: URLSearchParams): number | null {
  const text = query.get('resourceVersion') ?? '';
  if (!/^\d*$/.test(text)) {
    throw badRequest(`resourceVersion: Invalid value: ${JSON.stringify(text)}: must be a number`);
  }
  return Number(text) || null;
}

/** A non-negative whole number of the query; 0 when it is absent. */
export function parseCount(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? '';
  if (!/^\d{0,15}$/.test(text)) throw badRequest(`${name}: Invalid value: ${JSON.stringify(text)}: must be a number`);
  return Number(text);
}

function formatContinue(continuation: Continuation): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', ...continuation })).toString('base64url');
}

function parseContinue(token: string): Continuation | null {
  if (token === '') return null;
  try {
    const parsed = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as Json;
    if (isJsonObject(parsed) && typeof parsed.revision === 'number' && typeof parsed.afterKey === 'string') {
      return { revision: parsed.revision, afterKey: parsed.afterKey };
    }
  } catch {
    // Not one of ours: answered below like any other that cannot be read.
  }
  throw badRequest('continue key is not valid: it was not given out by this server');
}
