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

/** What a header takes as it stands. */
const TOKEN = /^[\x21-\x7e]+$/;

/** The bearer token in a file, fit for a header; null without a file. Its value never appears in a message. */
export async function readToken(field: string, file: string | null): Promise<string | null> {
  const token = await readSecret(field, null, file);
  if (token === null || TOKEN.test(token)) return token;
  throw new ConfigError(`${field} = ${file}: allowed: one line of printable ASCII without spaces`);
}
