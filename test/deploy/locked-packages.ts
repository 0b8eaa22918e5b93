import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface LockedPackage {
  readonly name: string;
  readonly version: string;
}

interface LockEntry {
  readonly name?: string;
  readonly version?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
}

/** What a lock file has from a registry, each once; development's own is left out. */
export function lockedPackages(lockFile: string): readonly LockedPackage[] {
  const { packages } = JSON.parse(lockFile) as { readonly packages: Readonly<Record<string, LockEntry>> };
  const found = new Map<string, LockedPackage>();
  for (const [path, { name: alias, version, link = false, dev = false }] of Object.entries(packages)) {
    const at = path.lastIndexOf('node_modules/');
    if (at < 0 || link || dev || version === undefined) continue;
    const name = alias ?? path.slice(at + 'node_modules/'.length);
    found.set(`${name}@${version}`, { name, version });
  }
  return [...found.values()];
}

/** npm's own cache: what has been installed on this machine is in it. */
export class NpmCache {
  readonly #folder: string;
  readonly #registry: string;

  constructor(folder: string, registry: string) {
    this.#folder = join(folder, '_cacache');
    this.#registry = registry;
  }

  /** Checksum and file of a package; null where the cache has not got it. */
  tarball({ name, version }: LockedPackage): { readonly integrity: string; readonly file: string } | null {
    const url = new URL(`${name}/-/${name.split('/').at(-1)}-${version}.tgz`, this.#registry);
    const key = `make-fetch-happen:request-cache:${url.href}`;
    const index = join(this.#folder, 'index-v5', ...spread(createHash('sha256').update(key).digest('hex')));
    if (!existsSync(index)) return null;
    // One line an entry, the newest last: a checksum of the line, and what it is about.
    const entries = readFileSync(index, 'utf8').split('\n').filter(Boolean);
    const found = entries
      .map((line) => JSON.parse(line.slice(line.indexOf('\t') + 1)) as { key: string; integrity: string | null })
      .findLast((entry) => entry.key === key);
    if (typeof found?.integrity !== 'string') return null;
    const [algorithm = '', base64 = ''] = found.integrity.split('-', 2);
    const hex = Buffer.from(base64, 'base64').toString('hex');
    const file = join(this.#folder, 'content-v2', algorithm, ...spread(hex));
    return existsSync(file) ? { integrity: found.integrity, file } : null;
  }
}

const spread = (hex: string) => [hex.slice(0, 2), hex.slice(2, 4), hex.slice(4)];
