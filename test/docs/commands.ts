import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';

/** A line of a shell block of a document, its continuations with it and its comment without. */
export interface DocumentedCommand {
  readonly file: string;
  readonly text: string;
}

/** Of a block of Markdown that is fenced as `sh`, also one inside of a list. */
const BLOCK = /^( *)```sh\n([\s\S]*?)^ *```$/gm;

export async function documents(): Promise<readonly string[]> {
  const files = ['README.md', 'ARCHITECTURE.md'];
  for await (const file of glob('docs/**/*.md')) files.push(file);
  return files.sort();
}

export function commandsOf(file: string, markdown = readFileSync(file, 'utf8')): DocumentedCommand[] {
  return [...markdown.matchAll(BLOCK)]
    .flatMap(([, , block = '']) => block.replace(/\\\n\s*/g, ' ').split('\n'))
    .map((line) => line.replace(/\s+# .*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .flatMap((line) => line.split(' && '))
    .map((text) => ({ file, text }));
}
