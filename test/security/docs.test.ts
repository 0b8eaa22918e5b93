import { readFile } from 'node:fs/promises';
import { parseConfig } from '@forescale/shared/config';
import { expect, it } from 'vitest';

const text = await readFile('docs/security.md', 'utf8');
const blocks = [...text.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, yaml]) => yaml as string);

it('what docs/security.md configures is taken, with each secret in a file', () => {
  const [nats, influx, http] = blocks.map((yaml) => parseConfig(yaml, 'docs', {}));
  expect(blocks).toHaveLength(3);
  expect(nats?.bus).toMatchObject({ password: null, tls: { caFile: expect.stringMatching(/ca\.crt$/) } });
  expect(influx?.store).toMatchObject({ kind: 'influxdb', password: null });
  expect(http?.http).toMatchObject({ host: '0.0.0.0', requestsPerMinute: 3_000 });
});
