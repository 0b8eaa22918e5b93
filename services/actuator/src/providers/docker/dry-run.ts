import type { DockerConfig } from '@forescale/shared/config';
import { z } from 'zod';
import { type DryRunStep, dryRunOf } from '../dry-run.ts';
import { readToken } from '../join/index.ts';
import { engineCall } from './engine.ts';
import { openEngine } from './open.ts';

const TIMEOUT_MS = 15_000;

const versionSchema = z.object({ Version: z.string().max(64), ApiVersion: z.string().max(16) });

/** Calls that read only: whether the engine answers, which one it is, and whether it has the image. */
export async function dryRun(config: DockerConfig): Promise<readonly DryRunStep[]> {
  const engine = await openEngine(config);
  const abortSignal = AbortSignal.timeout(TIMEOUT_MS);
  return await dryRunOf([
    ['token_file', async () => (await readToken(config.tokenFile)) && 'ok'],
    [
      'GET /_ping',
      async () => {
        await engineCall('read', z.unknown(), () => engine.ping({ abortSignal }));
        return 'ok';
      },
    ],
    [
      'GET /version',
      async () => {
        const version = await engineCall('read', versionSchema, () => engine.version({ abortSignal }));
        return `ok: ${version?.Version}, API ${version?.ApiVersion}`;
      },
    ],
    [
      'GET /images/{name}/json',
      async () => {
        const look = () => engine.getImage(config.image).inspect({ abortSignal });
        const image = await engineCall('read', z.unknown(), look, 404);
        if (image !== null) return 'ok: the image is there';
        if (config.pull === 'missing') return 'ok: the image is not there, and pulled for the first node';
        throw new Error(`the image ${config.image} is not there, and not pulled`);
      },
    ],
  ]);
}
