import { readFileSync } from 'node:fs';

/** Of one model: what each of its properties is. */
type Model = ReadonlyMap<string, string>;

interface Namespace {
  readonly version: string;
  readonly models: ReadonlyMap<string, Model>;
}

/** The facts in arm-models.txt, by namespace: which version of its API they are of, and its models. */
function readModels(): ReadonlyMap<string, Namespace> {
  const namespaces = new Map<string, Namespace>();
  let models = new Map<string, Model>();
  for (const line of readFileSync(new URL('arm-models.txt', import.meta.url), 'utf8').split('\n')) {
    const [, namespace, version] = /^@ (\S+) (\S+)$/.exec(line) ?? [];
    const [, model, fields] = /^([\w.]+): (.*)$/.exec(line) ?? [];
    if (namespace && version) {
      models = new Map();
      namespaces.set(namespace, { version, models });
    } else if (model) models.set(model, new Map(fields?.split('; ').map(nameAndType)));
  }
  return namespaces;
}

function nameAndType(field: string): [string, string] {
  const at = field.indexOf('=');
  return [field.slice(0, at), field.slice(at + 1)];
}

const NAMESPACES = readModels();

export function apiVersionOf(namespace: string): string | null {
  return NAMESPACES.get(namespace)?.version ?? null;
}

/**
 * What is wrong with a request body; null: nothing. Stricter than ARM in one thing: what only Azure writes is refused,
 * where ARM would leave it unread.
 */
export function flawOf(namespace: string, model: string, body: unknown): string | null {
  const models = NAMESPACES.get(namespace)?.models;
  if (!models) throw new Error(`no models of ${namespace}`);
  return flawIn(models, model, body, model);
}

function flawIn(models: ReadonlyMap<string, Model>, type: string, value: unknown, path: string): string | null {
  const model = models.get(type);
  if (model) return flawInObject(models, type, model, value, path);
  if (type.startsWith('[')) {
    if (!Array.isArray(value)) return `${path}: not a list`;
    return first(value.map((item, i) => flawIn(models, type.slice(1, -1), item, `${path}[${i}]`)));
  }
  if (type.startsWith('{')) {
    if (!isObject(value)) return `${path}: not a map`;
    return first(Object.entries(value).map(([key, item]) => flawIn(models, type.slice(1, -1), item, `${path}.${key}`)));
  }
  const allowed = type.split('|');
  if (allowed.length > 1)
    return allowed.includes(String(value)) ? null : `${path}: ${String(value)} is none of ${type}`;
  const is = type === 'number' || type === 'boolean' ? type : 'string';
  return typeof value === is ? null : `${path}: not a ${is}`;
}

function flawInObject(
  models: ReadonlyMap<string, Model>,
  type: string,
  model: Model,
  value: unknown,
  path: string,
): string | null {
  if (!isObject(value)) return `${path}: not an object`;
  const flaws = Object.entries(value).map(([key, item]) => {
    const is = model.get(key);
    if (is === undefined) return `Could not find member '${key}' on object of type '${type}'. Path '${path}.${key}'`;
    if (is.startsWith('ro')) return `${path}.${key} is read-only`;
    return item === null ? null : flawIn(models, is.replace(/^! /, ''), item, `${path}.${key}`);
  });
  for (const [key, is] of model)
    if (is.startsWith('! ') && (value[key] ?? null) === null)
      flaws.push(`Required parameter '${path}.${key}' is missing`);
  return first(flaws);
}

function first(flaws: readonly (string | null)[]): string | null {
  return flaws.find((flaw) => flaw !== null) ?? null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
