import type { GcpConfig } from '@forescale/shared/config';
import { systemClock } from '@forescale/shared/time';
import { type DryRunStep, dryRunOf } from '../dry-run.ts';
import { instancePageSchema, permissionsSchema } from './answers.ts';
import { GcpApi } from './api.ts';
import { permissionsFor } from './permissions.ts';
import { tokenSource } from './token.ts';

const TIMEOUT_MS = 60_000;

/**
 * Asks Google Cloud whether these credentials may do what this configuration does, and lists one page of instances; nothing
 * is made. Compute Engine has no call that only pretends to insert.
 */
export async function dryRun(config: GcpConfig): Promise<readonly DryRunStep[]> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const api = new GcpApi(config, await tokenSource(config), systemClock);
  const permissions = permissionsFor(config);
  const url = api.resourceManager(':testIamPermissions');
  const answer = api.call(permissionsSchema, 'POST', url, signal, { permissions });
  return await dryRunOf([
    ...permissions.map(
      (permission) => [permission, async () => granted((await answer).permissions, permission)] as const,
    ),
    [
      'instances.aggregatedList',
      async () => {
        await api.call(instancePageSchema, 'GET', api.compute('aggregated/instances', { maxResults: 1 }), signal);
        return 'ok';
      },
    ],
  ]);
}

/** What is better granted on single service accounts, subnetworks and images than in the whole project, which is asked. */
const OF_RESOURCES = new Set([
  'compute.images.useReadOnly',
  'compute.subnetworks.use',
  'compute.subnetworks.useExternalIp',
  'iam.serviceAccounts.actAs',
]);

function granted(permissions: readonly string[], permission: string): string {
  if (permissions.includes(permission)) return 'ok';
  return OF_RESOURCES.has(permission)
    ? 'not in the project; maybe on the resource itself'
    : 'not allowed in the project';
}
