import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { ran } from './captured.ts';

it('docs/planning.md: the decision is the one that the command prints, line by line', async () => {
  const page = await readFile('docs/planning.md', 'utf8');
  const blocks = page.split(/^```/m).filter((_, index) => index % 2 === 1);
  const quoted = blocks.flatMap((block) => (block.startsWith('\n') ? [block.slice(1)] : [])).join('');
  const args = ['plan', '--config', 'examples/planning.yaml', '--state', 'examples/planning-state.json'];
  const { code, stdout } = await ran(...args);
  expect(code).toBe(0);
  expect(stdout).toBe(quoted);
});
