import { readFile } from 'node:fs/promises';
import { parseConfig } from '@forescale/shared/config';
import { systemClock } from '@forescale/shared/time';
import { rbacAuthorizer } from '@forescale/simulator/cluster';
import { loadAllYaml } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { checkExternalMetrics, EXTERNAL_METRICS } from '../../cli/src/doctor/external-metrics.ts';
import { DISCOVERY, METRIC } from '../../services/actuator/src/scaler/external-metrics.ts';

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: {
    readonly group: string;
    readonly version: string;
    readonly service: { readonly namespace: string; readonly name: string; readonly port: number };
    readonly ports: readonly { readonly port: number; readonly targetPort: number }[];
  };
}

const manifest = loadAllYaml(await readFile('deploy/kubernetes/external-metrics.yaml', 'utf8')) as Manifest[];
const config = parseConfig(
  'autoscaler: { scaler: { external_metrics: { cert_file: c, key_file: k, token_file: t } } }',
  'test',
  {},
);

function only(kind: string): Manifest {
  const [one, ...others] = manifest.filter((each) => each.kind === kind);
  if (!one || others.length > 0) throw new Error(`not one ${kind}`);
  return one;
}

describe('deploy/kubernetes/external-metrics.yaml', () => {
  it('leads from the API that is served to the port that it is served on', () => {
    const { metadata, spec } = only('APIService');
    expect(metadata.name).toBe(`${spec.version}.${spec.group}`);
    expect(Object.keys(DISCOVERY)).toContain(`/apis/${spec.group}/${spec.version}`);
    const service = only('Service');
    expect(service.metadata).toMatchObject({ name: spec.service.name, namespace: spec.service.namespace });
    const port = service.spec.ports.find((one) => one.port === spec.service.port);
    expect(port?.targetPort).toBe(config.scaler.externalMetrics?.port);
    expect(service.metadata.namespace).toBe(config.kubernetes.namespace);
  });

  it('is what doctor takes for ours', async () => {
    const { metadata, spec } = only('APIService');
    expect(metadata.name).toBe(EXTERNAL_METRICS);
    const read = async () => ({ service: spec.service, unavailable: null });
    const [finding] = await checkExternalMetrics(config, read, { clock: systemClock, timeoutMs: 60_000 });
    expect(finding?.state).toBe('ok');
  });

  it('lets the controller of HorizontalPodAutoscalers read our metric, and nothing else', () => {
    const rights = rbacAuthorizer(manifest);
    const controller = { name: 'system:serviceaccount:kube-system:horizontal-pod-autoscaler', groups: [] };
    const asked = {
      verb: 'list',
      group: 'external.metrics.k8s.io',
      resource: METRIC,
      subresource: '',
      namespace: 'prod',
      name: '',
    } as const;
    expect(rights.allows(controller, asked)).toBe(true);
    expect(rights.allows(controller, { ...asked, verb: 'get', name: 'x' })).toBe(true);
    expect(rights.allows(controller, { ...asked, verb: 'create' })).toBe(false);
    expect(rights.allows(controller, { ...asked, resource: 'queue-length' })).toBe(false);
    expect(rights.allows({ ...controller, name: 'somebody' }, asked)).toBe(false);
  });
});
