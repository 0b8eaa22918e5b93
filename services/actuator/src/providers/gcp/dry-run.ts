import type { GcpConfig } from '@forescale/shared/config';
import { systemClock } from '@forescale/shared/time';
import { instancePageSchema, permissionsSchema } from './answers.ts';
import { GcpApi } from './api.ts';
import { permissionsFor } from './permissions.ts';
import { tokenSource } from './token.ts';

/** For all of them: nothing is made, so that nothing is waited for. */
const TIMEOUT_MS = 60_000;

/**
 * Asks Google Cloud whether these credentials may do what this configuration does, and lists one page of instances; nothing
 * is made. Compute Engine has no call that only pretends to insert.
 */
export async function dryRun(
  config: GcpConfig,
): Promise<readonly { readonly operation: string; readonly outcome: string }[]> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const api = new GcpApi(config, await tokenSource(config), systemClock);
  const asked = permissionsFor(config);
  const url = api.resourceManager(':testIamPermissions');
  const { permissions } = await api.call(permissionsSchema, 'POST', url, signal, { permissions: asked });
  const list = api.compute('aggregated/instances', { maxResults: 1 });
  const listed = await api.call(instancePageSchema, 'GET', list, signal).then(
    () => 'answered',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  return [
    ...asked.map((operation) => ({ operation, outcome: permissions.includes(operation) ? 'allowed' : 'not allowed' })),
    { operation: 'instances.aggregatedList', outcome: listed },
  ];
}
