import { open } from 'node:fs/promises';
import { ProviderError } from '../errors.ts';

const TOKEN_BYTES_MAX = 4_096;
/** Printable ASCII without blanks: what stands on one line, and in a header. */
const TOKEN = /^[\x21-\x7e]+$/;

/**
 * The token in a file, read anew at every call so that one that is exchanged is used from then on; empty without a file.
 * Rejects with `ProviderError`, never with the value in it: of class `config`, or `auth` where a cloud is asked with it.
 */
export async function readToken(path: string | null, errorClass: 'config' | 'auth' = 'config'): Promise<string> {
  if (path === null) return '';
  const token = (await readBounded(path, errorClass)).trim();
  if (TOKEN.test(token)) return token;
  throw new ProviderError(
    errorClass,
    `token_file = ${path}: allowed: a token on one line, of printable ASCII without blanks`,
  );
}

async function readBounded(path: string, errorClass: 'config' | 'auth'): Promise<string> {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(TOKEN_BYTES_MAX + 1), 0, TOKEN_BYTES_MAX + 1);
      if (bytesRead <= TOKEN_BYTES_MAX) return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ProviderError(errorClass, `token_file = ${path}: cannot be read: ${code ?? 'unknown'}`, { cause });
  }
  throw new ProviderError(errorClass, `token_file = ${path}: allowed: a token of at most ${TOKEN_BYTES_MAX} bytes`);
}
