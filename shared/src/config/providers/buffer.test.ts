import { describe, expect, it } from 'vitest';
import { parseConfig } from '../index.ts';
import { bufferProvider } from './buffer.ts';

const BUFFER = { kind: 'buffer' };

function complaint(raw: unknown): string {
  const issue = bufferProvider.safeParse(raw).error?.issues[0];
  return issue === undefined ? 'accepted' : `${issue.path.join('.')}: ${issue.message}`;
}

describe('provider buffer', () => {
  it('with what it fills in, and inherits', () => {
    const text = JSON.stringify({
      autoscaler: { kubernetes: { namespace: 'scaling' }, pools: [{ provider: BUFFER }] },
    });
    expect(parseConfig(text, 'test', {}).pools[0]?.provider).toEqual({
      kind: 'buffer',
      api: 'auto',
      namespace: 'scaling',
      placeholder: null,
      perNode: 4,
      replicasMax: 1_000,
      image: 'registry.k8s.io/pause:3.10',
      concurrency: 100,
      ratePerSecond: null,
    });
    expect(
      bufferProvider.parse({ ...BUFFER, namespace: 'own', placeholder: { cpu: '500m', memory: '1Gi' } }),
    ).toMatchObject({
      namespace: 'own',
      placeholder: { cpuMillicores: 500, memoryBytes: 2 ** 30, gpus: 0 },
    });
  });

  // biome-ignore format: one refusal a line
  it.each<[raw: unknown, message: string]>([
    [{ ...BUFFER, replicas: 3 }, ': unknown key; allowed: kind, api, namespace, placeholder, per_node, replicas_max, image, concurrency, rate_per_second'],
    [{ ...BUFFER, api: 'pods' }, 'api: allowed: auto, capacity_buffer, placeholders'],
    [{ ...BUFFER, namespace: 'No' }, 'namespace: allowed: a namespace'],
    [{ ...BUFFER, per_node: 0 }, 'per_node: allowed: a whole number from 1 to 100'],
    [{ ...BUFFER, replicas_max: 10_001 }, 'replicas_max: allowed: a whole number from 1 to 10000'],
    [{ ...BUFFER, placeholder: { cpu: '0', memory: '0' } }, 'placeholder: allowed: a size of more than nothing'],
    [{ ...BUFFER, placeholder: { cpu: '-1', memory: '1Gi' } }, 'placeholder.cpu: allowed: a quantity such as "4" or "500m"'],
    [{ ...BUFFER, image: 'a\nb' }, 'image: allowed: an image that runs and does nothing'],
  ])('%j: %s', (raw, message) => {
    expect(complaint(raw)).toBe(message);
  });
});
