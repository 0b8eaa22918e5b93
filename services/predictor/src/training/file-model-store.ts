import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ModelKey, modelKeyOf, modelName, modelPath } from '@forescale/shared/domain';
import { ModelCorruptError, ModelNotFoundError, refusalOf } from './errors.ts';
import { checkManifest, jsonBytes, MANIFEST, type Manifest, packModel, parseJson, unpackModel } from './model-files.ts';
import {
  KEPT_VERSIONS,
  type LoadedModel,
  type ModelFacts,
  type ModelOf,
  type ModelStore,
  type SavedModel,
} from './model-store.ts';

const DRAFT = '.draft-';
const REJECTED = '.rejected';

/**
 * Trained models on disk, in `<directory>/series/<pool>/<signal>/<version>/` and
 * `<directory>/cluster/<step>s-<horizon>/<version>/`. A version is written beside its place and moved there in one
 * step. The directory belongs to one process.
 */
export function createFileModelStore(directory: string): ModelStore {
  return new FileModelStore(directory);
}

class FileModelStore implements ModelStore {
  readonly #directory: string;
  /** Folders that are being written; any other one is what a crash has left. */
  readonly #drafts = new Set<string>();
  #publishing: Promise<unknown> = Promise.resolve();

  constructor(directory: string) {
    this.#directory = directory;
  }

  async save<Key extends ModelKey>(key: Key, model: ModelOf<Key>, facts: ModelFacts): Promise<number> {
    const home = this.#home(key);
    await mkdir(home, { recursive: true });
    const draft = await mkdtemp(join(home, DRAFT));
    this.#drafts.add(draft);
    try {
      const { manifest, files } = packModel(model, facts);
      for (const [name, bytes] of files) await writeFile(join(draft, name), bytes, { flush: true });
      await writeFile(join(draft, MANIFEST), jsonBytes(manifest), { flush: true });
      return await this.#inTurn(() => this.#publish(home, draft));
    } finally {
      await rm(draft, { recursive: true, force: true });
      this.#drafts.delete(draft);
    }
  }

  async load<Key extends ModelKey>(key: Key): Promise<LoadedModel<ModelOf<Key>>> {
    const home = this.#home(key);
    const refused: { version: number; why: string }[] = [];
    for (const { version, name } of usable(await entriesOf(home))) {
      try {
        const { manifest, facts } = await manifestOf(join(home, name));
        const model = await unpackModel<Key>(key.kind, manifest, (file) => read(join(home, name), file));
        return { registered: { version, ...facts, model }, refused };
      } catch (error) {
        refused.push(refusalOf(key, version, error));
      }
    }
    return { registered: null, refused };
  }

  async newest(key: ModelKey): Promise<SavedModel | null> {
    const home = this.#home(key);
    for (const { version, name } of usable(await entriesOf(home))) {
      try {
        return { version, ...(await manifestOf(join(home, name))).facts };
      } catch (error) {
        if (!(error instanceof ModelCorruptError)) throw error;
      }
    }
    return null;
  }

  async rollback(key: ModelKey, version: number, judged: number): Promise<void> {
    const home = this.#home(key);
    const present = usable(await entriesOf(home));
    if (!present.some((entry) => entry.version === version)) {
      throw new ModelNotFoundError(`model ${modelName(key)} has no version ${version}`);
    }
    for (const { name } of present.filter((entry) => entry.version > version && entry.version <= judged)) {
      await rename(join(home, name), join(home, name + REJECTED));
    }
  }

  async versions(key: ModelKey): Promise<number[]> {
    return usable(await entriesOf(this.#home(key))).map((entry) => entry.version);
  }

  async keys(): Promise<ModelKey[]> {
    const paths: string[][] = [];
    for (const shape of await namesIn(join(this.#directory, 'cluster'))) paths.push(['cluster', shape]);
    for (const pool of await namesIn(join(this.#directory, 'series'))) {
      for (const signal of await namesIn(join(this.#directory, 'series', pool))) paths.push(['series', pool, signal]);
    }
    return paths.flatMap((path) => modelKeyOf(path) ?? []);
  }

  /** One after the other, so that each counts on from the last. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#publishing.then(work);
    this.#publishing = done.catch(() => {});
    return done;
  }

  /** Moves a complete draft to the next version. */
  async #publish(home: string, draft: string): Promise<number> {
    const version = Math.max(0, ...(await entriesOf(home)).map((entry) => entry.version)) + 1;
    await rename(draft, join(home, String(version)));
    await this.#prune(home);
    return version;
  }

  /** Keeps the newest versions, the newest rejected one (its number must stay taken), and no drafts of a crash. */
  async #prune(home: string): Promise<void> {
    const entries = await entriesOf(home);
    const kept = new Set([...usable(entries).slice(0, KEPT_VERSIONS), ...entries.slice(0, 1)].map(({ name }) => name));
    for (const name of await namesIn(home)) {
      if (kept.has(name) || this.#drafts.has(join(home, name))) continue;
      await rm(join(home, name), { recursive: true, force: true });
    }
  }

  #home(key: ModelKey): string {
    return join(this.#directory, ...modelPath(key));
  }
}

async function manifestOf(folder: string): Promise<{ readonly manifest: Manifest; readonly facts: ModelFacts }> {
  const manifest = checkManifest(parseJson(MANIFEST, await read(folder, MANIFEST)));
  const { savedMs, cells } = manifest;
  return { manifest, facts: { savedMs, cells } };
}

async function read(folder: string, name: string): Promise<Uint8Array> {
  try {
    return await readFile(join(folder, name));
  } catch (error) {
    throw new ModelCorruptError(`${name}: cannot be read`, { cause: error });
  }
}

interface Entry {
  readonly name: string;
  readonly version: number;
  readonly rejected: boolean;
}

/** All versions in a model's folder, rejected ones too, newest first. */
async function entriesOf(home: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const name of await namesIn(home)) {
    const version = Number(name.replace(REJECTED, ''));
    if (Number.isInteger(version) && version > 0) entries.push({ name, version, rejected: name.endsWith(REJECTED) });
  }
  return entries.sort((a, b) => b.version - a.version);
}

function usable(entries: readonly Entry[]): Entry[] {
  return entries.filter((entry) => !entry.rejected);
}

/** What is in a folder, sorted; nothing when there is no such folder. */
async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
