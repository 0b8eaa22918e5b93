import { readFileSync } from 'node:fs';

/** Names and types of Google's descriptors, as tools/gcp-facts.ts takes them out. */
interface Facts {
  readonly methods: Readonly<
    Record<
      string,
      {
        readonly verb: string;
        readonly path: string;
        readonly query: readonly string[];
        readonly body: string | null;
        readonly answer: string;
      }
    >
  >;
  readonly messages: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly required: Readonly<Record<string, readonly string[]>>;
  readonly enums: Readonly<Record<string, readonly string[]>>;
}

const FACTS = JSON.parse(readFileSync(new URL('facts.json', import.meta.url), 'utf8')) as Facts;

const ROUTES = Object.entries(FACTS.methods).map(([name, { verb, path, ...rest }]) => ({
  ...rest,
  ...{ name, verb, pattern: patternOf(path) },
}));

/** `{zone}` is one step of a path; `{name=projects/*}` is a path whose steps are numbered. */
function patternOf(path: string): RegExp {
  const steps = path.replace(/[.:]/g, '\\$&').replace(/\{(\w+)(?:=([^}]*))?\}/g, (_all, name: string, inner = '*') => {
    if (inner === '*') return `(?<${name}>[^/]+)`;
    let step = 0;
    return inner.replaceAll('*', () => `(?<step${++step}>[^/:]+)`);
  });
  return new RegExp(`^${steps}$`);
}

export interface Call {
  /** "compute.instances.insert" */
  readonly method: string;
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly answer: string;
}

/** What is asked for; else, as text, why there is no such thing. */
export function callOf(verb: string, url: URL, body: unknown): Call | string {
  for (const route of ROUTES) {
    const found = route.verb === verb ? route.pattern.exec(url.pathname) : null;
    if (!found) continue;
    const path = Object.fromEntries(
      Object.entries(found.groups ?? {}).map(([key, value]) => [key, decodeURIComponent(value)]),
    );
    const query = Object.fromEntries(url.searchParams);
    // Every method of Google's APIs takes `fields`.
    const unknown = Object.keys(query).find((key) => key !== 'fields' && !route.query.includes(key));
    if (unknown !== undefined)
      return `Invalid JSON payload received. Unknown name "${unknown}": Cannot bind query parameter.`;
    if (route.body === null && body !== undefined) return 'Invalid JSON payload received: no body is taken.';
    const problem = route.body === null ? null : problemWith(route.body, body, 'resource');
    if (problem !== null) return problem;
    return { method: route.name, path, query, body, answer: route.answer };
  }
  return `no method ${verb} ${url.pathname}`;
}

/** Stands in the path of the call, and is left out of the body. */
const IN_PATH = new Set(['resource']);

/** Null: the value is such a message, and nothing in it is unknown. */
export function problemWith(message: string, value: unknown, at: string): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${at}: a ${message} is an object`;
  const fields = FACTS.messages[message];
  if (!fields) return `${at}: nothing is known of ${message}`;
  const absent = FACTS.required[message]?.find((name) => !Object.hasOwn(value, name));
  if (absent !== undefined && !IN_PATH.has(absent)) return `Required field '${at}.${absent}' not specified`;
  for (const [name, inner] of Object.entries(value)) {
    const type = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (type === undefined)
      return `Invalid JSON payload received. Unknown name "${name}" at '${at}': Cannot find field.`;
    const problem = problemWithType(type, inner, `${at}.${name}`);
    if (problem !== null) return problem;
  }
  return null;
}

function problemWithType(type: string, value: unknown, at: string): string | null {
  if (type.endsWith('[]')) {
    if (!Array.isArray(value)) return `${at}: a list is needed`;
    return firstProblem(value.map((one, index) => problemWithType(type.slice(0, -2), one, `${at}[${index}]`)));
  }
  if (type.startsWith('{')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${at}: a map is needed`;
    return firstProblem(
      Object.entries(value).map(([key, one]) => problemWithType(type.slice(1, -1), one, `${at}[${key}]`)),
    );
  }
  const values = FACTS.enums[type];
  if (values)
    return values.includes(value as string) ? null : `Invalid value at '${at}' (${type}), ${JSON.stringify(value)}`;
  const check = SCALARS[type];
  if (check) return check(value) ? null : `Invalid value at '${at}' (${type}), ${JSON.stringify(value)}`;
  return type === 'unchecked' ? null : problemWith(type, value, at);
}

const firstProblem = (problems: readonly (string | null)[]) => problems.find((one) => one !== null) ?? null;

const isWhole = (value: unknown) => Number.isInteger(value);
const isLong = (value: unknown) => isWhole(value) || (typeof value === 'string' && /^-?\d+$/.test(value));

const SCALARS: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  bytes: (value) => typeof value === 'string',
  bool: (value) => typeof value === 'boolean',
  int32: isWhole,
  uint32: isWhole,
  int64: isLong,
  uint64: isLong,
  fixed64: isLong,
  double: (value) => typeof value === 'number',
  float: (value) => typeof value === 'number',
};
