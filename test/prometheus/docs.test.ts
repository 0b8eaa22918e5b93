import { readFile } from 'node:fs/promises';
import { parseConfig } from '@forescale/shared/config';
import { expect, it } from 'vitest';

it('what docs/collecting.md and the examples configure is taken', async () => {
  const text = await readFile('docs/collecting.md', 'utf8');
  const blocks = [...text.matchAll(/^```yaml\n(autoscaler:[\s\S]*?)^```/gm)].map(([, yaml]) => yaml as string);
  const [sources] = blocks.filter((yaml) => yaml.includes('sources:'));
  const config = parseConfig(sources ?? '', 'docs', {});
  expect(config.sources.prometheus[0]?.queries).toHaveLength(1);
  expect(config.sources.otlp?.metrics).toHaveLength(1);
  for (const yaml of blocks.filter((one) => one !== sources)) expect(() => parseConfig(yaml, 'docs', {})).not.toThrow();
  const app = parseConfig(await readFile('examples/app/forescale.yaml', 'utf8'), 'app', {});
  expect(app.pools[0]?.mode).toBe('observe');
});
