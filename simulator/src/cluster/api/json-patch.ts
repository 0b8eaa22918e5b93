import { isDeepStrictEqual } from 'node:util';
import { ApiError, badRequest } from '../objects/errors.ts';
import { isJsonArray, isJsonObject, type Json } from '../objects/json.ts';

/** As a real server: more operations than this are refused. */
const OPERATIONS_MAX = 10_000;

type Mutable = { [key: string]: Mutable } | Mutable[] | string | number | boolean | null;

/** RFC 6902 on a copy of `target`. A malformed patch answers 400, one that does not apply 422. */
export function applyJsonPatch(target: Json, patch: Json): Json {
  if (!isJsonArray(patch)) throw badRequest('error decoding patch: a JSON patch is a list of operations');
  if (patch.length > OPERATIONS_MAX) {
    throw new ApiError(
      413,
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is ${OPERATIONS_MAX}`,
    );
  }
  let document = structuredClone(target) as Mutable;
  for (const operation of patch) document = applyOperation(document, operation);
  return document as Json;
}

function applyOperation(document: Mutable, operation: Json): Mutable {
  if (!isJsonObject(operation) || typeof operation.op !== 'string' || typeof operation.path !== 'string') {
    throw badRequest('error decoding patch: an operation needs "op" and "path"');
  }
  const path = parsePointer(operation.path);
  switch (operation.op) {
    case 'add':
      return add(document, path, operandOf(operation.value));
    case 'replace':
      return add(remove(document, path).document, path, operandOf(operation.value));
    case 'remove':
      return remove(document, path).document;
    case 'test':
      if (!isDeepStrictEqual(read(document, path), operandOf(operation.value))) {
        throw unprocessable(`testing value ${operation.path} failed`);
      }
      return document;
    case 'move': {
      const taken = remove(document, fromOf(operation.from));
      return add(taken.document, path, taken.value);
    }
    case 'copy':
      return add(document, path, structuredClone(read(document, fromOf(operation.from))));
    default:
      throw badRequest(`error decoding patch: unknown operation "${operation.op}"`);
  }
}

function unprocessable(message: string): ApiError {
  return new ApiError(422, 'Invalid', `the server rejected our request due to an error in our request: ${message}`);
}

function operandOf(value: Json | undefined): Mutable {
  if (value === undefined) throw badRequest('error decoding patch: the operation needs "value"');
  return structuredClone(value) as Mutable;
}

function fromOf(from: Json | undefined): string[] {
  if (typeof from !== 'string') throw badRequest('error decoding patch: the operation needs "from"');
  return parsePointer(from);
}

function parsePointer(pointer: string): string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) throw badRequest(`error decoding patch: bad path "${pointer}"`);
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function missing(path: readonly string[]): ApiError {
  return unprocessable(`doc is missing path: /${path.join('/')}`);
}

function read(document: Mutable, path: readonly string[]): Mutable {
  let value: Mutable | undefined = document;
  for (const token of path) {
    if (Array.isArray(value)) value = value[indexOf(value, token, path, value.length - 1)];
    else if (typeof value === 'object' && value !== null && Object.hasOwn(value, token)) value = value[token];
    else throw missing(path);
  }
  return value as Mutable;
}

function indexOf(array: readonly Mutable[], token: string, path: readonly string[], max: number): number {
  const index = token === '-' ? array.length : Number(token);
  if (!/^(-|0|[1-9]\d*)$/.test(token) || index > max) throw missing(path);
  return index;
}

function add(document: Mutable, path: readonly string[], value: Mutable): Mutable {
  const last = path.at(-1);
  if (last === undefined) return value;
  const parent = read(document, path.slice(0, -1));
  if (Array.isArray(parent)) parent.splice(indexOf(parent, last, path, parent.length), 0, value);
  else if (typeof parent === 'object' && parent !== null) setOwn(parent, last, value);
  else throw missing(path);
  return document;
}

/** Assigning `__proto__` would change the object's prototype instead of adding a key. */
function setOwn(parent: { [key: string]: Mutable }, key: string, value: Mutable): void {
  Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true });
}

function remove(document: Mutable, path: readonly string[]): { document: Mutable; value: Mutable } {
  const last = path.at(-1);
  if (last === undefined) return { document: null, value: document };
  const parent = read(document, path.slice(0, -1));
  if (Array.isArray(parent)) {
    const [value] = parent.splice(indexOf(parent, last, path, parent.length - 1), 1);
    return { document, value: value as Mutable };
  }
  if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, last)) throw missing(path);
  const value = parent[last] as Mutable;
  delete parent[last];
  return { document, value };
}
