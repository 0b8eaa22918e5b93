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

/** Of the whole project: what is granted on one resource only is not seen here. */
function granted(permissions: readonly string[], permission: string): string {
  return permissions.includes(permission) ? 'ok' : 'not granted in the project';
}
