import { readFile } from 'node:fs/promises';
import { parseConfig } from '@forescale/shared/config';
import { loadYaml } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { parseLoadAsk } from '../../services/actuator/src/scaler/ask.ts';
import { METRIC } from '../../services/actuator/src/scaler/external-metrics.ts';
import { KedaCalls } from '../../services/actuator/src/scaler/keda-calls.ts';

interface Manifest {
  readonly kind?: string;
  readonly spec: {
    readonly triggers: readonly { readonly metadata: Record<string, string> }[];
    readonly metrics: readonly {
      readonly external: { metric: { name: string; selector: { matchLabels: Record<string, string> } } };
    }[];
  };
}

const text = await readFile('docs/integrating.md', 'utf8');
const blocks = [...text.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, yaml]) => yaml as string);
const { pools } = parseConfig('autoscaler: { pools: [{ name: web, signals: [{ name: rps }] }] }', 'docs', {});
const manifest = (kind: string) =>
  blocks.map((yaml) => loadYaml(yaml) as Manifest).find((one) => one.kind === kind) as Manifest;

describe('what docs/integrating.md shows', () => {
  it('is configuration that is taken', () => {
    const configs = blocks
      .filter((yaml) => yaml.startsWith('autoscaler:'))
      .map((yaml) => parseConfig(yaml, 'docs', {}));
    expect(configs.map(({ sources }) => [sources.push, sources.otlp?.metrics.length])[0]).toEqual([true, 1]);
    expect(configs.map(({ scaler }) => [scaler.grpc?.port, scaler.externalMetrics?.port])).toEqual([
      [undefined, undefined],
      [9_090, undefined],
      [undefined, 6_443],
    ]);
  });

  it('is a ScaledObject that is answered', () => {
    const [trigger] = manifest('ScaledObject').spec.triggers;
    const ahead = async () => ({ value: 0, source: 'observed', without: null }) as const;
    const calls = new KedaCalls(pools, { ahead });
    const spec = calls.metricSpec({ scalerMetadata: trigger?.metadata ?? {} });
    expect(spec.metricSpecs).toEqual([{ metricName: 'forescale-web-rps', targetSize: 100, targetSizeFloat: 100 }]);
  });

  it('leads to the Service that is shipped', async () => {
    const [trigger] = manifest('ScaledObject').spec.triggers;
    const shipped = await readFile('deploy/kubernetes/scaler.yaml', 'utf8');
    const { metadata, spec } = loadYaml(shipped) as {
      readonly metadata: { readonly name: string; readonly namespace: string };
      readonly spec: { readonly ports: readonly { readonly port: number; readonly targetPort: number }[] };
    };
    const [port] = spec.ports;
    expect(trigger?.metadata.scalerAddress).toBe(`${metadata.name}.${metadata.namespace}:${port?.port}`);
    const { scaler } = parseConfig('autoscaler: { scaler: { grpc: {} } }', 'docs', {});
    expect(port?.targetPort).toBe(scaler.grpc?.port);
  });

  it('is a HorizontalPodAutoscaler that is answered', () => {
    const [metric] = manifest('HorizontalPodAutoscaler').spec.metrics;
    expect(metric?.external.metric.name).toBe(METRIC);
    const asked = parseLoadAsk(metric?.external.metric.selector.matchLabels ?? {}, pools);
    expect(asked).toMatchObject({ quantile: 0.95, leadMs: 120_000 });
  });
});
