import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Engine } from './engine.ts';
import { lockedPackages, NpmCache } from './locked-packages.ts';

const run = promisify(execFile);
const LOCK_FILE = fileURLToPath(new URL('../../package-lock.json', import.meta.url));
const PROCESS = fileURLToPath(new URL('./npm-registry-process.ts', import.meta.url));
const PORT = 4_873;

/** A registry that a build in the engine can reach; resolves to its URL. What npm's cache lacks, npm fetches first. */
export async function startRegistry(engine: Engine): Promise<string> {
  const setting = async (key: string) => (await run('npm', ['config', 'get', key])).stdout.trim();
  const [folder, registry] = [await setting('cache'), await setting('registry')];
  const cache = new NpmCache(folder, registry);
  const missing = lockedPackages(await readFile(LOCK_FILE, 'utf8')).filter((one) => cache.tarball(one) === null);
  const names = missing.map(({ name, version }) => `${name}@${version}`);
  if (names.length > 0) await run('npm', ['cache', 'add', ...names]);
  const node = [process.execPath, '--disable-warning=ExperimentalWarning'] as const;
  await engine.startInside(...node, PROCESS, LOCK_FILE, folder, registry, String(PORT));
  return `http://127.0.0.1:${PORT}/`;
}
