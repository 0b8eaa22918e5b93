import { createHash } from 'node:crypto';
import { type ModelKey, modelKeyOf, modelName, modelPath } from '@forescale/shared/domain';
import { type StateBucket, StateConflictError, StateUnavailableError } from '@forescale/shared/state';
import { ModelCorruptError, ModelNotFoundError, refusalOf } from './errors.ts';
import { checkManifest, jsonBytes, type Manifest, packModel, parseJson, unpackModel } from './model-files.ts';
import {
  KEPT_VERSIONS,
  type LoadedModel,
  type ModelFacts,
  type ModelOf,
  type ModelStore,
  type SavedModel,
} from './model-store.ts';

/** What a bucket takes in one value. */
const PART_BYTES = 512 * 1024;
/** How often a write that somebody else's write has overtaken is tried again. */
const ATTEMPTS_MAX = 20;
const HEAD = 'versions';

interface HeadEntry {
  readonly version: number;
  readonly rejected: boolean;
  /** Names the parts: two that save at once write to different places. */
  readonly digest: string;
  readonly parts: number;
  readonly manifest: Manifest;
}

interface Head {
  readonly format: 'forescale-model-versions-1';
  /** Newest first. */
  readonly versions: readonly HeadEntry[];
}

/**
 * Trained models in a bucket that several predictors share. The entry `<path>` (such as `series.web.cpu`) tells the
 * versions; it is changed by compare-and-set, after the files have been written to `parts.<path>.<digest>.<n>`.
 */
export function createStateModelStore(state: StateBucket): ModelStore {
  return new StateModelStore(state);
}

class StateModelStore implements ModelStore {
  readonly #state: StateBucket;

  constructor(state: StateBucket) {
    this.#state = state;
  }

  async save<Key extends ModelKey>(key: Key, model: ModelOf<Key>, facts: ModelFacts): Promise<number> {
    const { manifest, files } = packModel(model, facts);
    const bytes = Buffer.concat([...files.values()]);
    const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 24);
    const parts = Math.ceil(bytes.byteLength / PART_BYTES);
    for (let part = 0; part < parts; part++) {
      const value = bytes.subarray(part * PART_BYTES, (part + 1) * PART_BYTES);
      await this.#state.put(partKey(key, digest, part), value);
    }
    let version = 0;
    const dropped = await this.#change(key, (versions) => {
      version = (versions[0]?.version ?? 0) + 1;
      return kept([{ version, rejected: false, digest, parts, manifest }, ...versions]);
    });
    for (const { digest: old, parts: count } of dropped) {
      for (let part = 0; part < count; part++) await this.#state.delete(partKey(key, old, part));
    }
    return version;
  }

  async load<Key extends ModelKey>(key: Key): Promise<LoadedModel<ModelOf<Key>>> {
    const refused: { version: number; why: string }[] = [];
    for (const entry of usable((await this.#head(key)).versions)) {
      const { version } = entry;
      try {
        const { manifest } = entry;
        const { savedMs, cells } = manifest;
        const bytes = await this.#bytesOf(key, entry);
        const model = await unpackModel<Key>(key.kind, manifest, async (name) => fileIn(bytes, manifest, name));
        return { registered: { version, savedMs, cells, model }, refused };
      } catch (error) {
        if (error instanceof StateUnavailableError) throw error;
        refused.push(refusalOf(key, version, error));
      }
    }
    return { registered: null, refused };
  }

  async newest(key: ModelKey): Promise<SavedModel | null> {
    const [entry] = usable((await this.#head(key)).versions);
    return entry ? { version: entry.version, savedMs: entry.manifest.savedMs, cells: entry.manifest.cells } : null;
  }

  async rollback(key: ModelKey, version: number, judged: number): Promise<void> {
    await this.#change(key, (versions) => {
      if (!usable(versions).some((entry) => entry.version === version)) {
        throw new ModelNotFoundError(`model ${modelName(key)} has no version ${version}`);
      }
      const isRejected = (entry: HeadEntry) => entry.version > version && entry.version <= judged;
      return versions.map((entry) => (isRejected(entry) ? { ...entry, rejected: true } : entry));
    });
  }

  async versions(key: ModelKey): Promise<number[]> {
    return usable((await this.#head(key)).versions).map((entry) => entry.version);
  }

  async keys(): Promise<ModelKey[]> {
    const names = [...(await this.#state.keys('cluster.')), ...(await this.#state.keys('series.'))];
    return names.flatMap((name) => {
      const path = name.split('.');
      return path.at(-1) === HEAD ? (modelKeyOf(path.slice(0, -1)) ?? []) : [];
    });
  }

  /** Writes the versions that `next` makes of the present ones; resolves to those that are no longer referred to. */
  async #change(
    key: ModelKey,
    next: (versions: readonly HeadEntry[]) => readonly HeadEntry[],
  ): Promise<readonly HeadEntry[]> {
    for (let attempt = 1; ; attempt++) {
      const { versions, revision } = await this.#head(key);
      const changed = next(versions);
      try {
        const head = { format: 'forescale-model-versions-1', versions: changed } satisfies Head;
        await this.#state.compareAndSet(headKey(key), jsonBytes(head), revision);
        return versions.filter((one) => !changed.some(({ digest }) => digest === one.digest));
      } catch (error) {
        if (!(error instanceof StateConflictError) || attempt === ATTEMPTS_MAX) throw error;
      }
    }
  }

  /** Versions newest first. An entry that is not ours to read counts as none, and is written over by the next save. */
  async #head(key: ModelKey): Promise<{ readonly versions: readonly HeadEntry[]; readonly revision: number }> {
    const entry = await this.#state.get(headKey(key));
    if (entry === null) return { versions: [], revision: 0 };
    const { revision, value } = entry;
    try {
      const head = parseJson(HEAD, value) as Partial<Head> | null;
      if (head?.format === 'forescale-model-versions-1' && Array.isArray(head.versions)) {
        for (const { manifest } of head.versions) checkManifest(manifest);
        return { versions: head.versions, revision };
      }
    } catch (error) {
      if (!(error instanceof ModelCorruptError)) throw error;
    }
    return { versions: [], revision };
  }

  async #bytesOf(key: ModelKey, { digest, parts }: HeadEntry): Promise<Uint8Array> {
    const values: Uint8Array[] = [];
    for (let part = 0; part < parts; part++) {
      const name = partKey(key, digest, part);
      const entry = await this.#state.get(name);
      if (entry === null) throw new ModelCorruptError(`${name}: is gone`);
      values.push(entry.value);
    }
    return Buffer.concat(values);
  }
}

/** The newest versions, and the newest rejected one: its number must stay taken. */
function kept(versions: readonly HeadEntry[]): readonly HeadEntry[] {
  const newest = new Set(usable(versions).slice(0, KEPT_VERSIONS));
  return versions.filter((entry, index) => index === 0 || newest.has(entry));
}

function usable(versions: readonly HeadEntry[]): readonly HeadEntry[] {
  return versions.filter((entry) => !entry.rejected);
}

/** The files lie one after the other, in the order of the manifest. */
function fileIn(bytes: Uint8Array, { files }: Manifest, wanted: string): Uint8Array {
  let at = 0;
  for (const [name, { bytes: length }] of Object.entries(files)) {
    if (name === wanted) return bytes.subarray(at, at + length);
    at += length;
  }
  throw new ModelCorruptError(`${wanted}: is gone`);
}

function headKey(key: ModelKey): string {
  return [...modelPath(key), HEAD].join('.');
}

function partKey(key: ModelKey, digest: string, part: number): string {
  return ['parts', ...modelPath(key), digest, part].join('.');
}
