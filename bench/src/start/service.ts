import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuSecondsOf } from '../linux.ts';

export type ServiceName = 'collector' | 'predictor' | 'actuator';

const POLL_MS = 5;
const READY_WITHIN_MS = 120_000;
const STDERR_CHARS_MAX = 20_000;

export interface Start {
  /** From the start of the process until it says that it is ready. */
  readonly seconds: number;
  /** What it has computed for it, on all processors; on a busy machine this is what compares. Null: not told here. */
  readonly cpuSeconds: number | null;
}

/**
 * Starts a service of the installation at `path` on an embedded store, beside the cluster at `clusterUrl`, and ends it when
 * it says that it is ready.
 */
export async function startService(
  path: string,
  service: ServiceName,
  clusterUrl: string,
  signal: AbortSignal,
): Promise<Start> {
  const directory = await mkdtemp(join(tmpdir(), 'forescale-start-'));
  const config = join(directory, 'forescale.yaml');
  await writeFile(config, configText(directory, clusterUrl));
  const startMs = performance.now();
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(path, 'cli/src/main.ts'), service, '--config', config],
    { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-STDERR_CHARS_MAX);
  });
  const ended = once(child, 'close');
  try {
    for (;;) {
      signal.throwIfAborted();
      const seconds = (performance.now() - startMs) / 1_000;
      if (child.exitCode !== null || seconds * 1_000 > READY_WITHIN_MS)
        throw new Error(`${service} did not become ready within ${seconds.toFixed(1)} s: ${said}`);
      const url = /"url":"(http:[^"]+)"/.exec(said)?.[1];
      if (url !== undefined && (await isReady(url)))
        return { seconds: (performance.now() - startMs) / 1_000, cpuSeconds: await cpuSecondsOf(child.pid) };
      await delay(POLL_MS);
    }
  } finally {
    child.kill('SIGKILL');
    await ended;
    await rm(directory, { recursive: true, force: true });
  }
}

async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/readyz`).catch(() => null);
  await answer?.body?.cancel();
  return answer?.ok === true;
}

function configText(directory: string, clusterUrl: string): string {
  return JSON.stringify({
    autoscaler: {
      data_dir: join(directory, 'data'),
      store: { kind: 'sqlite', path: join(directory, 'store.db') },
      kubernetes: { url: clusterUrl },
      http: { port: 0 },
      pools: [
        {
          provider: { kind: 'simulated', url: clusterUrl },
          offerings: [{ instance_type: 'small', zone: 'local', usd_per_hour: 0.1 }],
        },
      ],
    },
  });
}
