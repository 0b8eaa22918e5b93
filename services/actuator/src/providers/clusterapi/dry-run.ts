import {
  clusterApiRights,
  connectKubernetes,
  createClusterProbe,
  describePermission,
  type KubeConfig,
  type Permission,
} from '@forescale/shared/kubernetes';
import { systemClock } from '@forescale/shared/time';
import { type DryRunStep, dryRunOf } from '../dry-run.ts';
import { GroupApi } from './group-api.ts';
import { boundsOf } from './objects.ts';
import type { ClusterApiConfig } from './provider.ts';

const PATIENCE_MS = 60_000;

const managementOf = ({ kubeconfig, context }: ClusterApiConfig) => ({ kubeconfig, context });

/**
 * What a live management cluster says of the configuration, without changing anything: whether these credentials may do
 * all that is needed, how large the groups are and may be, and whether a size would be taken (`dryRun=All`).
 */
export async function dryRun(
  config: ClusterApiConfig,
  kube: KubeConfig = connectKubernetes({ url: null, ...managementOf(config) }, 'provider'),
): Promise<readonly DryRunStep[]> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const api = new GroupApi(kube, config.namespace, systemClock);
  const probe = createClusterProbe(kube, systemClock);
  const rights = clusterApiRights(config, true).map(
    (row): Permission => ({ group: '', subresource: '', namespace: '', name: '', ...row }),
  );
  return await dryRunOf([
    ...rights.map((right): [string, () => Promise<string>] => [
      describePermission(right),
      async () => ((await probe.allows(right, signal)) ? 'ok' : 'fails: not granted'),
    ]),
    ...config.groups.map((group): [string, () => Promise<string>] => [
      `resizing ${group.name} to what it is`,
      async () => {
        const { metadata, spec } = await api.group(group, signal);
        const { min, max } = boundsOf({ metadata, spec });
        const machines = await api.machines(group, signal);
        await api.resize(group, spec.replicas, metadata.resourceVersion, signal, true);
        const most = Number.isFinite(max) ? `at most ${max}` : 'no maximum';
        return `ok: ${spec.replicas} wanted, ${machines.length} Machines, at least ${min}, ${most}`;
      },
    ]),
  ]);
}
