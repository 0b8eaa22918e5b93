import type { ExternalGrpcConfig } from '@forescale/shared/config';
import { systemClock } from '@forescale/shared/time';
import { type DryRunStep, dryRunOf } from '../dry-run.ts';
import { ProviderError } from '../errors.ts';
import { ExternalApi } from './api.ts';
import { connectGrpc } from './connect.ts';

const TIMEOUT_MS = 30_000;

/** Calls that read. `Refresh` lets the server look at its cloud anew, as Cluster Autoscaler does every 10 s. */
export async function dryRun(config: ExternalGrpcConfig): Promise<readonly DryRunStep[]> {
  const { call, close } = await connectGrpc(config);
  const api = new ExternalApi(call);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await dryRunOf([
      ['Refresh', async () => api.refresh(signal).then(() => 'ok')],
      ...config.groups.flatMap(({ id }): [string, () => Promise<string>][] => [
        [`NodeGroups: ${id}`, () => boundsOf(api, id, signal)],
        [`NodeGroupTargetSize: ${id}`, async () => `ok: ${await api.targetSize(id, signal)}`],
        [`NodeGroupNodes: ${id}`, async () => `ok: ${(await api.instances(id, signal)).length} instances`],
      ]),
      ['PricingNodePrice', () => priceOf(api, config, signal)],
    ]);
  } finally {
    close();
  }
}

async function boundsOf(api: ExternalApi, id: string, signal: AbortSignal): Promise<string> {
  const group = (await api.groups(signal)).find((one) => one.id === id);
  if (group) return `ok: ${group.minSize} to ${group.maxSize}`;
  throw new ProviderError('config', 'the server has no such group');
}

async function priceOf(api: ExternalApi, { groups }: ExternalGrpcConfig, signal: AbortSignal): Promise<string> {
  const [sold] = groups;
  if (!sold) return 'ok: no group to ask for';
  const price = await api.price(sold, systemClock.nowMs(), signal);
  return price === null ? 'ok: not known, those of the configuration hold' : `ok: ${price} an hour of ${sold.id}`;
}
