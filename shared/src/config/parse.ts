import { readFile } from 'node:fs/promises';
import { isScalar, LineCounter, parseDocument, parse as parseYaml, visit } from 'yaml';
import type { z } from 'zod';
import { type Config, configSchema } from './schema.ts';

/** A configuration that cannot be used. The message is one line: file, field, value, and what is allowed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const FILE_BYTES_MAX = 1_048_576;

/** Reads, parses and freezes a configuration file. Rejects with `ConfigError`. */
export async function loadConfig(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Config> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`${path}: cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`, {
      cause: error,
    });
  }
  return parseConfig(text, path, environment);
}

/** The configuration in `text`; `file` is only its name in messages. Throws `ConfigError`. */
export function parseConfig(
  text: string,
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
): Config {
  if (text.length > FILE_BYTES_MAX)
    throw new ConfigError(`${file}: ${text.length} bytes; allowed: at most ${FILE_BYTES_MAX}`);
  const raw = parseTree(text, file, environment);
  const result = configSchema.safeParse(raw);
  if (!result.success) throw new ConfigError(`${file}: ${describe(result.error.issues[0] as z.core.$ZodIssue, raw)}`);
  return deepFreeze(result.data);
}

function parseTree(text: string, file: string, environment: Readonly<Record<string, string | undefined>>): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new ConfigError(`${file}: line ${line}, column ${col}: not YAML: ${error.message.split('\n')[0]}`);
  }
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value !== 'string' || !node.value.includes('${')) return;
      const value = substitute(node.value, file, environment);
      // A plain scalar keeps its meaning as YAML: `port: ${PORT}` is a number, `"${PORT}"` is text.
      node.value = node.type === 'PLAIN' ? plainScalar(value) : value;
    },
  });
  // Aliases can multiply a small file into a huge tree; 100 is YAML's own guard against that.
  return document.toJS({ maxAliasCount: 100 });
}

function substitute(text: string, file: string, environment: Readonly<Record<string, string | undefined>>): string {
  return text.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g, (whole, variable: string, fallback?: string) => {
    const value = environment[variable] || fallback;
    if (value === undefined)
      throw new ConfigError(
        `${file}: ${whole}: the environment has no ${variable}; allowed: a set variable or \${${variable}:-default}`,
      );
    return value;
  });
}

function plainScalar(text: string): unknown {
  const parsed = parseDocument(text);
  return parsed.errors.length === 0 && isScalar(parsed.contents) ? parseYaml(text) : text;
}

/** "autoscaler.policies.night.time_range = "25:00-09:00": allowed: …" */
function describe(issue: z.core.$ZodIssue, raw: unknown): string {
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] as string] : issue.path;
  const value = issue.code === 'invalid_key' ? undefined : valueAt(raw, path);
  const shown = value === undefined ? '' : ` = ${shorten(mask(path, value))}`;
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return `${fieldName(path)}${shown}: ${message}`;
}

function fieldName(path: readonly PropertyKey[]): string {
  const name = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return name.replace(/^\./, '') || 'the file';
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  let value = raw;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

const SECRET = /^(password|token)$/;

function mask(path: readonly PropertyKey[], value: unknown): unknown {
  return SECRET.test(String(path.at(-1))) ? '***' : value;
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** The same configuration with every secret replaced, for printing. */
export function maskSecrets<T>(config: T): T {
  return JSON.parse(JSON.stringify(config, (key, value) => (SECRET.test(key) && value !== null ? '***' : value))) as T;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}
