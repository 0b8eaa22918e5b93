import { readFile } from 'node:fs/promises';
import { ConfigError } from '@forescale/shared/config';

/** A secret given in place or in a file; null when neither is. Its value never appears in a message. */
export async function readSecret(field: string, inPlace: string | null, file: string | null): Promise<string | null> {
  if (file === null) return inPlace;
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new ConfigError(`${field} = ${file}: cannot be read: ${(error as NodeJS.ErrnoException).code}`, {
      cause: error,
    });
  }
}
