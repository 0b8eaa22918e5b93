import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { stepsOf } from './steps.ts';

it('reads the steps of a section, with and without commands, and nothing else', () => {
  const markdown = `# Start

1. Not this one.

## Your own Prometheus

1. Get it:

   \`\`\`sh
   git clone a && cd a
   npm ci
   \`\`\`

2. Write something.

3. Go:

    \`\`\`sh
    go
    \`\`\`

That was all.

## Afterwards

4. Not this one.
`;
  expect(stepsOf(markdown)).toEqual([
    { number: 1, words: 'Get it:', commands: ['git clone a && cd a', 'npm ci'] },
    { number: 2, words: 'Write something.', commands: [] },
    { number: 3, words: 'Go:', commands: ['go'] },
  ]);
});

it('docs/start.md has fewer than 15, in order', () => {
  const steps = stepsOf(readFileSync('docs/start.md', 'utf8'));
  expect(steps.map(({ number }) => number)).toEqual(steps.map((_, index) => index + 1));
  expect(steps.length).toBeGreaterThan(5);
  expect(steps.length).toBeLessThan(15);
});
