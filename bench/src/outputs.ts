import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from '@forescale/cli/output';

/** Where results go by default; git ignores it. */
export const RESULTS = fileURLToPath(new URL('../results', import.meta.url));

export async function makeResultsFolder(): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
}

/** Refuses, before anything is measured, a file whose folder cannot be written to. */
export async function checkWritable(option: string, path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK);
  } catch (error) {
    throw new UsageError(`${option} = ${path}: cannot be written: ${(error as NodeJS.ErrnoException).code}`, {
      cause: error,
    });
  }
}
