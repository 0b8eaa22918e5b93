import { open } from 'node:fs/promises';
import type { z } from 'zod';
import { ConfigError } from './errors.ts';
import { describeIssue } from './issue-text.ts';
import { type Config, configSchema } from './schema.ts';
import { type Environment, parseYamlTree } from './yaml-tree.ts';

const FILE_BYTES_MAX = 1_048_576;

/** Reads, parses and freezes a configuration file. Rejects with `ConfigError`. */
export async function loadConfig(path: string, environment: Environment): Promise<Config> {
  let bytes: Uint8Array;
  try {
    bytes = await readBounded(path);
  } catch (error) {
    throw new ConfigError(`${path}: cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`, {
      cause: error,
    });
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ConfigError(`${path}: not text; allowed: YAML in UTF-8`, { cause: error });
  }
  return parseConfig(text, path, environment);
}

/** The file, or one byte more than is allowed of it: also a pipe or a device has an end here. */
async function readBounded(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const bytes = Buffer.alloc(FILE_BYTES_MAX + 1);
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes.subarray(0, length);
  } finally {
    await file.close();
  }
}

/** The configuration in `text`; `file` is only its name in messages. Throws `ConfigError`. */
export function parseConfig(text: string, file: string, environment: Environment): Config {
  if (Buffer.byteLength(text) > FILE_BYTES_MAX)
    throw new ConfigError(`${file}: too large; allowed: at most ${FILE_BYTES_MAX} bytes`);
  const raw = parseYamlTree(text, file, environment);
  const result = configSchema.safeParse(raw);
  if (!result.success)
    throw new ConfigError(`${file}: ${describeIssue(result.error.issues[0] as z.core.$ZodIssue, raw)}`);
  return deepFreeze(result.data);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}
