import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const names = z.record(z.string(), z.string()).default({});

const entrySchema = z.object({
  link: z.boolean().default(false),
  resolved: z.string().optional(),
  dependencies: names,
  optionalDependencies: names,
});

const lockSchema = z.object({ packages: z.record(z.string(), entrySchema) });

type Packages = z.output<typeof lockSchema>['packages'];

/** An optional dependency, and what comes with it that a minimal installation does not have. */
export interface OptionalSize {
  readonly name: string;
  /** The part of ours that uses it. */
  readonly of: string;
  readonly packages: number;
  /** Null: it is not installed here. */
  readonly bytes: number | null;
}

interface OptionalPackage {
  readonly name: string;
  readonly of: string;
  /** Where it lies below the root; null: the lock file does not have it. */
  readonly start: string | null;
  /** What a minimal installation does not have; empty where others need the package anyway. */
  readonly added: readonly string[];
}

/** The optional dependencies of our packages, by the lock file at `root`. */
export async function optionalPackages(root: string): Promise<readonly OptionalPackage[]> {
  const { packages } = lockSchema.parse(JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')));
  const ours = Object.keys(packages).filter((path) => path !== '' && !path.startsWith('node_modules/'));
  const minimal = closure(
    packages,
    ours.filter((path) => !path.includes('node_modules/')),
  );
  return ours.flatMap((of) =>
    Object.keys(packages[of]?.optionalDependencies ?? {}).map((name) => {
      const start = resolved(packages, of, name);
      const added = start === null ? [] : [...closure(packages, [start])].filter((one) => !minimal.has(one));
      return { name, of, start, added };
    }),
  );
}

/** As large as they are in the installation at `root`. */
export async function optionalSizes(root: string): Promise<readonly OptionalSize[]> {
  const sizes: OptionalSize[] = [];
  for (const { name, of, start, added } of await optionalPackages(root)) {
    const bytes = start === null ? null : await installedBytes(root, start, added);
    sizes.push({ name, of, packages: added.length, bytes });
  }
  return sizes;
}

/** Everything that these need, themselves included; not what is optional to them. */
function closure(packages: Packages, starts: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [...starts];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    for (const name of Object.keys(packages[path]?.dependencies ?? {})) {
      const next = resolved(packages, path, name);
      if (next !== null) open.push(next);
    }
  }
  return found;
}

/** Where Node finds `name` from the package at `path`: in its own folder of modules, else in those above it. */
function resolved(packages: Packages, path: string, name: string): string | null {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    const candidate = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    const entry = packages[candidate];
    if (entry) return entry.link ? (entry.resolved ?? candidate) : candidate;
    if (folder === '') return null;
  }
}

async function installedBytes(root: string, start: string, paths: readonly string[]): Promise<number | null> {
  const isThere = await stat(join(root, start)).then(
    () => true,
    () => false,
  );
  if (!isThere) return null;
  let bytes = 0;
  for (const path of paths) bytes += await folderBytes(join(root, path), ['node_modules']);
  return bytes;
}

/** Of all files below, but of folders with these names directly in it. What is not there is empty; links count nothing. */
export async function folderBytes(path: string, without: readonly string[] = []): Promise<number> {
  const entries: Dirent[] = await readdir(path, { withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries) {
    const inside = join(path, entry.name);
    if (entry.isDirectory() && !without.includes(entry.name)) bytes += await folderBytes(inside);
    if (entry.isFile()) bytes += (await stat(inside)).size;
  }
  return bytes;
}
