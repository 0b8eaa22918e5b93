import { readFile } from 'node:fs/promises';

/** The calls in the table of a provider's page that says what it must be allowed to do, in order. */
export async function documentedCalls(kind: string): Promise<readonly string[]> {
  const page = await readFile(new URL(`../../docs/providers/${kind}.md`, import.meta.url), 'utf8');
  const rows = page.split('\n').filter((line) => /^\| `(GET|POST|PUT|DELETE) \//.test(line));
  return rows
    .flatMap((row) => [...row.matchAll(/`((?:GET|POST|PUT|DELETE) \/[^`]*)`/g)].map(([, call = '']) => call))
    .sort();
}
