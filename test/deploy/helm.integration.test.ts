import { readFileSync } from 'node:fs';
import { parseConfig } from '@forescale/shared/config';
import { loadAllYaml, loadYaml, type V1DeploymentSpec } from '@kubernetes/client-node';
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import * as models from 'kubernetes-models';
import { describe, expect, it } from 'vitest';
import { type Manifest, workloadsYaml } from '../../tools/workloads.ts';
import { kustomized, lint, render } from './rendered.ts';

const POOL = {
  name: 'web',
  mode: 'observe',
  provider: { kind: 'simulated', url: 'http://cloud:8081' },
  capacity_per_node: 90,
  bounds: { min_nodes: 2, max_nodes: 32 },
  signals: [{ name: 'load', aggregate: 'sum' }],
};
const pools = (...all: object[]) => ({ config: { pools: all } });
const CERTIFICATE = { cert_file: '/etc/forescale/secrets/tls.crt', key_file: '/etc/forescale/secrets/tls.key' };

/** What people install: each is linted, rendered, and held against the published schemas. */
const SETS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'as it is': {},
  'a pool to observe': pools(POOL),
  'a pool to enforce, on one machine': {
    ...pools({ ...POOL, mode: 'enforce' }),
    enforce: true,
    actuator: { replicas: 1, serviceAccountAnnotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/x' } },
    predictor: { replicas: 1 },
    collector: { persistence: { storageClass: 'fast', size: '5Gi' } },
  },
  'buffers and Cluster API': {
    ...pools(
      { ...POOL, mode: 'enforce', provider: { kind: 'buffer' } },
      { ...POOL, name: 'batch', provider: 'buffer' },
    ),
    enforce: true,
    buffer: { enabled: true },
    clusterApi: { enabled: true, namespace: 'machines' },
  },
  'autoscalers of pods': {
    config: {
      pools: [POOL],
      scaler: {
        grpc: { host: '0.0.0.0', port: 9090, plaintext: true },
        external_metrics: {
          host: '0.0.0.0',
          port: 6443,
          ...CERTIFICATE,
          requestheader_ca_file: '/etc/forescale/secrets/front-proxy-ca.crt',
        },
      },
    },
    scaler: { enabled: true },
    externalMetrics: { enabled: true, certManagerCertificate: 'forescale-external-metrics' },
  },
  'watched by an operator, with nothing kept and nothing closed': {
    ...pools(POOL),
    serviceMonitor: { enabled: true },
    networkPolicy: { enabled: false },
    podDisruptionBudget: { enabled: false },
    collector: { persistence: { enabled: false } },
    image: { tag: '1.2.3' },
    imagePullSecrets: [{ name: 'registry' }],
    nodeSelector: { 'kubernetes.io/arch': 'arm64' },
    tolerations: [{ key: 'system', operator: 'Exists' }],
    priorityClassName: 'system-cluster-critical',
    env: [{ name: 'AWS_REGION', value: 'eu-central-1' }],
  },
};

interface MonitorSpec {
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly endpoints: readonly { readonly authorization?: { readonly credentials?: { readonly name: string } } }[];
}

const GROUPS: Readonly<Record<string, unknown>> = { ...models };
type Model = new (data: unknown) => { validate(): void };
/** The class of a kind, out of the modules by group and version. */
function modelOf({ apiVersion, kind }: Manifest): Model {
  if (kind === 'ServiceMonitor') return ServiceMonitor as unknown as Model;
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const name = (group as string).replace(/[.-](\w)/g, (_, letter: string) => letter.toUpperCase());
  const versions = (name === '' ? GROUPS : GROUPS[name]) as Record<string, Record<string, Model>>;
  return versions[version as string]?.[kind] as Model;
}

const titleOf = ({ kind, metadata }: Manifest) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
const rolesOf = (manifests: readonly Manifest[]) =>
  new Map(
    manifests
      .filter(({ apiVersion, kind }) => apiVersion.startsWith('rbac.') || kind === 'ServiceAccount')
      .map((one) => [titleOf(one), { rules: one.rules, subjects: one.subjects, roleRef: one.roleRef }]),
  );

describe.each(Object.entries(SETS))('the chart: %s', (_title, values) => {
  const manifests = render(values, 'elsewhere');

  it('is what helm lint takes', () => {
    expect(lint(values)).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  it.each(manifests.map((one) => [titleOf(one), one] as const))('%s is valid by its published schema', (_of, one) => {
    const Checked = modelOf(one);
    new Checked(one).validate();
  });

  it('carries a configuration that the services take', () => {
    const text = manifests.find(({ kind }) => kind === 'ConfigMap')?.data?.['config.yaml'] as string;
    const config = parseConfig(text, 'config.yaml', {});
    expect(config.http).toMatchObject({ host: '0.0.0.0', port: 8080 });
    expect(config.kubernetes.namespace).toBe('elsewhere');
  });

  it('names no namespace but its own and those it has to', () => {
    const told = new Set(manifests.map(({ metadata }) => metadata.namespace));
    for (const name of told) expect([undefined, 'elsewhere', 'default', 'kube-system', 'machines']).toContain(name);
  });
});

it('the values that docs/helm.md shows are taken', () => {
  const shown = /```yaml\n(.*?)```/s.exec(readFileSync('docs/helm.md', 'utf8'))?.[1] as string;
  const values = loadYaml<Record<string, unknown>>(shown.replaceAll(/^ {3}/gm, ''));
  const text = render(values).find(({ kind }) => kind === 'ConfigMap')?.data?.['config.yaml'] as string;
  const { pools: shownPools, store } = parseConfig(text, 'docs/helm.md', {});
  expect(shownPools.map(({ name, mode }) => [name, mode])).toEqual([['web', 'observe']]);
  expect(store).toMatchObject({ kind: 'influxdb', database: 'forescale' });
});

describe('rights', () => {
  const shipped = (...files: string[]) =>
    rolesOf(files.flatMap((file) => loadAllYaml(readFileSync(`deploy/kubernetes/${file}`, 'utf8')) as Manifest[]));

  it('are those of deploy/kubernetes, of which a test takes away each in turn', () => {
    const everything = { enforce: true, buffer: { enabled: true }, clusterApi: { enabled: true } };
    expect(rolesOf(render({ ...everything, externalMetrics: { enabled: true } }))).toEqual(
      shipped('rbac.yaml', 'rbac-buffer.yaml', 'rbac-clusterapi.yaml', 'external-metrics.yaml'),
    );
  });

  it('to change nodes are not given to who only observes', () => {
    const all = shipped('rbac.yaml');
    for (const kind of ['ClusterRole', 'ClusterRoleBinding'])
      expect(all.delete(`${kind} /forescale-actuator-enforce`)).toBe(true);
    expect(rolesOf(render({}))).toEqual(all);
  });
});

it('a service that has a Secret and an environment of its own sees those, and no other service does', () => {
  const cloud = { name: 'AWS_REGION', value: 'eu-central-1' };
  const workloads = render({ ...pools(POOL), actuator: { existingSecret: 'cloud', env: [cloud] } })
    .filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet')
    .map(({ metadata, spec }) => {
      const pod = (spec as unknown as V1DeploymentSpec).template.spec;
      const secrets = pod?.volumes?.flatMap(({ secret }) => secret?.secretName ?? []);
      return [metadata.name, secrets, pod?.containers[0]?.env?.some(({ name }) => name === cloud.name)];
    });
  expect(workloads.toSorted()).toEqual([
    ['forescale-actuator', ['cloud'], true],
    ['forescale-collector', ['forescale'], false],
    ['forescale-predictor', ['forescale'], false],
  ]);
});

it('Prometheus shows each service the token out of that service’s own Secret', () => {
  const monitors = render({ serviceMonitor: { enabled: true }, actuator: { existingSecret: 'cloud' } })
    .filter(({ kind }) => kind === 'ServiceMonitor')
    .map(({ metadata, spec }) => {
      const { selector, endpoints } = spec as unknown as MonitorSpec;
      const { credentials } = endpoints[0]?.authorization ?? {};
      return [metadata.name, selector.matchLabels['app.kubernetes.io/component'], credentials?.name];
    });
  expect(monitors.toSorted()).toEqual([
    ['forescale-actuator', 'actuator', 'cloud'],
    ['forescale-collector', 'collector', 'forescale'],
    ['forescale-predictor', 'predictor', 'forescale'],
  ]);
});

describe('after an uninstall', () => {
  const hooksOf = (values: Readonly<Record<string, unknown>>) =>
    render(values).filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] === 'post-delete');

  it('a job takes away what holds room, with the rights to delete that and nothing else', () => {
    const hooks = hooksOf(SETS['buffers and Cluster API'] as Readonly<Record<string, unknown>>);
    expect(hooks.map(({ kind }) => kind)).toEqual(['ServiceAccount', 'ConfigMap', 'Role', 'RoleBinding', 'Job']);
    const rules = hooks.find(({ kind }) => kind === 'Role')?.rules as readonly Record<string, readonly string[]>[];
    const deleting = rules.filter(({ verbs }) => verbs?.includes('delete'));
    expect(deleting.map(({ resources, resourceNames }) => [resources, resourceNames])).toEqual(
      ['capacitybuffers', 'podtemplates', 'deployments'].map((one) => [[one], ['forescale-web', 'forescale-batch']]),
    );
  });

  it('nothing is left to do where no pool is of kind buffer', () => {
    expect(hooksOf({ ...pools(POOL), buffer: { enabled: true } })).toEqual([]);
  });
});

it.each([
  [{ actuator: { replicas: 0 } }, '/actuator/replicas'],
  [{ config: { bus: { kind: 'in-process' } } }, '/config/bus/kind'],
  [{ config: { http: { token_file: '' } } }, '/config/http/token_file'],
  [{ collector: { persistence: { size: 'much' } } }, '/collector/persistence/size'],
  [{ replicaCount: 2 }, 'replicaCount'],
  [pools({ ...POOL, mode: 'enforce' }), 'web has mode enforce'],
] as const)('values %j are refused by their name', (values, name) => {
  expect(() => render(values)).toThrow(name);
});

describe('deploy/kubernetes, the Kustomize base', () => {
  it('has workloads as the chart makes them: npm run manifests', () => {
    expect(readFileSync('deploy/kubernetes/workloads.yaml', 'utf8')).toBe(workloadsYaml());
  });

  it('is all that the chart makes, and its namespace', () => {
    const titles = kustomized('deploy/kubernetes').map(titleOf);
    expect(titles.sort()).toEqual([...render({}).map(titleOf), 'Namespace /forescale'].sort());
  });
});
