import { connectKubernetes, type KubeConfig } from '@forescale/shared/kubernetes';
import { type DryRunStep, dryRunOf } from '../dry-run.ts';
import { ObjectApi } from '../kubernetes/api.ts';
import type { HoldRequest } from '../port.ts';
import { bufferOf, deploymentOf, PRIORITY_CLASS_OBJECT, podTemplateOf } from './objects.ts';
import { BUFFERS, type BufferConfig } from './provider.ts';

const NAME = 'forescale-dry-run';
const REQUEST: HoldRequest = {
  ...{ pool: 'dry-run', generation: 0, replicas: 0, nodeSelector: {}, taints: [] },
  size: { cpuMillicores: 100, memoryBytes: 2 ** 27, gpus: 0 },
};
const PATIENCE_MS = 60_000;

/**
 * What a live API server says of the objects that hold room, without making any (`dryRun=All`): whether these credentials
 * may write them, and whether it knows all of their fields. Nobody can ask it whether the owner of the nodes heeds them.
 */
export async function dryRun(
  { api: how, namespace, image }: BufferConfig,
  kube: KubeConfig = connectKubernetes({ url: null, kubeconfig: null, context: null }),
): Promise<readonly DryRunStep[]> {
  const api = new ObjectApi(kube);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const version = how === 'placeholders' ? null : await api.servedVersion(BUFFERS, 'capacitybuffers', signal);
  const create = (path: string, kind: object, body: object) => async () => {
    await api.create(path, { ...kind, ...body }, signal, true);
    return 'ok';
  };
  const inNamespace = (root: string, resource: string) => `${root}/namespaces/${namespace}/${resource}`;
  if (version === null) {
    const classes = '/apis/scheduling.k8s.io/v1/priorityclasses';
    const probe = { ...PRIORITY_CLASS_OBJECT, metadata: { name: NAME } };
    // A class that does not exist yet would have the pods refused, and not the Deployment.
    const deployment = deploymentOf(REQUEST, NAME, image);
    return await dryRunOf([
      [
        'creating a PriorityClass',
        create(classes, { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass' }, probe),
      ],
      [
        'creating a Deployment',
        create(inNamespace('/apis/apps/v1', 'deployments'), { apiVersion: 'apps/v1', kind: 'Deployment' }, deployment),
      ],
    ]);
  }
  const buffers = inNamespace(`/apis/${BUFFERS}/${version}`, 'capacitybuffers');
  const kind = { apiVersion: `${BUFFERS}/${version}`, kind: 'CapacityBuffer' };
  const template = podTemplateOf(REQUEST, NAME, image);
  return await dryRunOf([
    [
      'creating a PodTemplate',
      create(inNamespace('/api/v1', 'podtemplates'), { apiVersion: 'v1', kind: 'PodTemplate' }, template),
    ],
    [`creating a CapacityBuffer (${version})`, create(buffers, kind, bufferOf(REQUEST, NAME))],
  ]);
}
