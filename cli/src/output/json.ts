import { writeFile } from 'node:fs/promises';
import { UsageError } from './usage.ts';

/** Writes a result where `--json` wants it: a file, or stdout for "-". */
export async function writeJson(target: string, result: unknown): Promise<void> {
  const text = `${JSON.stringify(result)}\n`;
  if (target === '-') process.stdout.write(text);
  else await writeOutput('--json', target, text);
}

export async function writeOutput(option: string, path: string, text: string | Iterable<string>): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    throw new UsageError(`${option} = ${path}: cannot be written: ${(error as NodeJS.ErrnoException).code}`, {
      cause: error,
    });
  }
}

/** Where words for people go: stdout, unless the JSON result has taken it. */
export function wordsTo(json: string | undefined): NodeJS.WriteStream {
  return json === '-' ? process.stderr : process.stdout;
}
