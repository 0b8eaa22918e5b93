import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ran } from '../cli/captured.ts';
import { temporaryDirectory } from '../harness/config-file.ts';

it('validate takes what is collected and never forecast, with a warning for each such signal', async () => {
  const { path, remove } = await temporaryDirectory();
  const file = join(path, 'forescale.yaml');
  await writeFile(
    file,
    `autoscaler:
  http: { push_token_file: t }
  pools: [{ name: web, signals: [{ name: rps }] }]
  sources:
    prometheus:
      - url: http://127.0.0.1:9090
        queries:
          - { pool: web, signal: rps, query: x }
          - { pool: web, signal: rpz, query: x }
    otlp: { metrics: [{ metric: m, pool: web, signal: latency }] }
    traces: [{ pool: web, signal: rpz, file: a.csv }]
`,
  );
  const says = (signal: string) =>
    `${file}: warning: web/${signal} is collected and never forecast: it is none of its pool's signals\n`;
  expect(await ran('validate', file)).toEqual({
    code: 0,
    stdout: `${file}: valid, 1 pool(s)\n`,
    stderr: says('rpz') + says('latency'),
  });
  await remove();
});
