import { readFile } from 'node:fs/promises';
import { ConfigError } from '@forescale/shared/config';

/** A file of certificates or of a key. Rejects with `ConfigError` that names the setting, never what the file holds. */
export async function readPem(setting: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new ConfigError(`${setting} = ${path}: cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}
