import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrainedModel } from '../model/trained-model.ts';
import { ModelNotFoundError } from './errors.ts';
import { readModel, writeModel } from './model-files.ts';

/** Whose model it is. Both match `[a-z0-9-]{1,63}`. */
export interface ModelKey {
  readonly pool: string;
  readonly signal: string;
}

export interface RegisteredModel {
  readonly version: number;
  readonly savedMs: number;
  readonly model: TrainedModel;
}

export interface LoadedModel {
  /** The newest one that can be used; null when there is none. */
  readonly registered: RegisteredModel | null;
  /** Newer ones that could not, newest first, each with a line for the log. */
  readonly refused: readonly { readonly version: number; readonly why: string }[];
}

/** Versions that are kept of each model. */
const KEPT_VERSIONS = 3;

const REJECTED = '.rejected';
const NAME = /^[a-z0-9-]{1,63}$/;

/**
 * Trained models on disk, in `<directory>/<pool>/<signal>/<version>/`. A version is complete or absent: it is
 * written beside its place and moved there in one step. Versions count up and are never used twice, rejected ones
 * included, so that a version says what it is in logs and in published forecasts. A model is saved by one caller at a
 * time, in one process.
 */
export class ModelRegistry {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Saves a model as the newest version and forgets all but the last three. Resolves to its version. */
  async save(key: ModelKey, model: TrainedModel, savedMs: number): Promise<number> {
    const home = this.#home(key);
    await mkdir(home, { recursive: true });
    const version = Math.max(0, ...(await entriesOf(home)).map((entry) => entry.version)) + 1;
    const draft = await mkdtemp(join(home, '.draft-'));
    try {
      await writeModel(draft, model, savedMs);
      await rename(draft, join(home, String(version)));
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      throw error;
    }
    await this.#prune(home);
    return version;
  }

  /** The newest version that is whole. One that is not is passed over, with the reason. */
  async load(key: ModelKey): Promise<LoadedModel> {
    const home = this.#home(key);
    const refused: { version: number; why: string }[] = [];
    for (const { version } of usable(await entriesOf(home))) {
      try {
        return { registered: { version, ...(await readModel(join(home, String(version)))) }, refused };
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        refused.push({ version, why: `model ${key.pool}/${key.signal} version ${version} refused: ${reason}` });
      }
    }
    return { registered: null, refused };
  }

  /** Rejects all versions newer than `version`, for good. Rejects with `ModelNotFoundError` when it is not there. */
  async rollback(key: ModelKey, version: number): Promise<void> {
    const home = this.#home(key);
    const present = usable(await entriesOf(home));
    if (!present.some((entry) => entry.version === version)) {
      throw new ModelNotFoundError(`model ${key.pool}/${key.signal} has no version ${version}`);
    }
    for (const newer of present.filter((entry) => entry.version > version)) {
      await rename(join(home, newer.name), join(home, newer.name + REJECTED));
    }
  }

  /** Versions that `load` may choose from, newest first. */
  async versions(key: ModelKey): Promise<number[]> {
    return usable(await entriesOf(this.#home(key))).map((entry) => entry.version);
  }

  /** All models that have been saved, by name. */
  async keys(): Promise<ModelKey[]> {
    const keys: ModelKey[] = [];
    for (const pool of await namesIn(this.#directory)) {
      for (const signal of await namesIn(join(this.#directory, pool))) keys.push({ pool, signal });
    }
    return keys.filter(({ pool, signal }) => NAME.test(pool) && NAME.test(signal));
  }

  /** Keeps the newest versions, the newest rejected one (its number must stay taken), and no drafts of a crash. */
  async #prune(home: string): Promise<void> {
    const entries = await entriesOf(home);
    const kept = new Set([...usable(entries).slice(0, KEPT_VERSIONS), ...entries.slice(0, 1)].map(({ name }) => name));
    for (const name of await namesIn(home)) {
      if (!kept.has(name)) await rm(join(home, name), { recursive: true, force: true });
    }
  }

  #home({ pool, signal }: ModelKey): string {
    requireName('pool', pool);
    requireName('signal', signal);
    return join(this.#directory, pool, signal);
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

function requireName(field: string, name: string): void {
  if (!NAME.test(name)) throw new RangeError(`${field} ${JSON.stringify(name)} is not [a-z0-9-]{1,63}`);
}
