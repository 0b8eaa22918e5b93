import type { HetznerConfig } from '@forescale/shared/config';
import { z } from 'zod';
import { type DryRunStep, dryRunOf } from '../dry-run.ts';
import { ProviderError } from '../errors.ts';
import { readToken } from '../join/index.ts';
import { HetznerApi } from './api.ts';
import { pricingSchema } from './prices.ts';
import { pageSchema } from './server.ts';

const TIMEOUT_MS = 15_000;

const imagesSchema = z.object({ images: z.array(z.object({ id: z.number() })) });
const imageSchema = z.object({ image: z.object({ id: z.number() }) });

/** Calls that read and cost nothing. Whether the token may write as well, only a creation tells. */
export async function dryRun(config: HetznerConfig): Promise<readonly DryRunStep[]> {
  const api = new HetznerApi(config.url, config.tokenFile);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const get = <Schema extends z.ZodType>(schema: Schema, path: string, query: Readonly<Record<string, string>> = {}) =>
    api.call(schema, { method: 'GET', path, query }, signal);
  return await dryRunOf([
    ['join.token_file', async () => ((await readToken(config.join.tokenFile)) === '' ? 'ok: none' : 'ok')],
    ['GET /servers', async () => `ok: ${(await get(pageSchema, 'servers', { per_page: '1' })).servers.length} shown`],
    ['GET /pricing', async () => `ok: in ${(await get(pricingSchema, 'pricing')).pricing.currency}`],
    [
      'GET /images',
      async () => {
        const { image } = config;
        if (typeof image === 'number') return `ok: ${(await get(imageSchema, `images/${image}`)).image.id}`;
        const { images } = await get(imagesSchema, 'images', { name: image });
        if (images.length === 0) throw new ProviderError('config', `no image has the name ${image}`);
        return `ok: ${images.length} of that name`;
      },
    ],
  ]);
}
