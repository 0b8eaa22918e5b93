import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** File names of a repository, and what npm has to say. */
const OUTPUT_BYTES_MAX = 64 * 2 ** 20;

export interface Installation {
  readonly path: string;
  readonly seconds: number;
  remove(): Promise<void>;
}

/**
 * The files that git knows of the repository at `root`, copied into a folder of their own, with all packages that are
 * needed and none that are optional or for development.
 */
export async function installMinimal(root: string, signal: AbortSignal): Promise<Installation> {
  const path = await mkdtemp(join(tmpdir(), 'forescale-install-'));
  const remove = () => rm(path, { recursive: true, force: true });
  try {
    const listed = await run('git', ['ls-files', '-z'], { cwd: root, signal, maxBuffer: OUTPUT_BYTES_MAX });
    for (const file of listed.stdout.split('\0').filter((one) => one !== '')) {
      await mkdir(join(path, dirname(file)), { recursive: true });
      await cp(join(root, file), join(path, file));
    }
    const startMs = performance.now();
    const args = ['ci', '--omit=dev', '--omit=optional', '--prefer-offline', '--no-audit', '--no-fund'];
    await run('npm', args, { cwd: path, signal, maxBuffer: OUTPUT_BYTES_MAX });
    return { path, seconds: (performance.now() - startMs) / 1_000, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
