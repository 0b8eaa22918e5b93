import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrainedModel } from '../model/trained-model.ts';
import { artifactsOfNetwork, networkOf } from '../tensor/index.ts';
import { ModelCorruptError } from './errors.ts';

/** Sizes and checksums of all other files of the directory: a damaged or half-written model is known as such. */
interface Manifest {
  readonly format: 'forescale-model-files-1';
  readonly savedMs: number;
  readonly files: Readonly<Record<string, FileSum>>;
}

interface FileSum {
  readonly bytes: number;
  readonly sha256: string;
}

const MANIFEST = 'manifest.json';
/** The model without its network. */
const STATE = 'state.json';
/** The network, as TensorFlow.js saves a layers model; both absent when the model has none. */
const TOPOLOGY = 'model.json';
const WEIGHTS = 'weights.bin';

/** Writes a model into an existing, empty directory and flushes each file to the disk. */
export async function writeModel(directory: string, model: TrainedModel, savedMs: number): Promise<void> {
  const { network, ...state } = model;
  const files = new Map<string, Uint8Array>([[STATE, jsonBytes(state)]]);
  if (network) {
    const { modelJson, weights } = artifactsOfNetwork(network);
    files.set(TOPOLOGY, jsonBytes(modelJson));
    files.set(WEIGHTS, weights);
  }
  const sums = Object.fromEntries([...files].map(([name, bytes]) => [name, sumOf(bytes)]));
  files.set(MANIFEST, jsonBytes({ format: 'forescale-model-files-1', savedMs, files: sums } satisfies Manifest));
  for (const [name, bytes] of files) await writeFile(join(directory, name), bytes, { flush: true });
}

/** Reads what `writeModel` wrote. Rejects with `ModelCorruptError` when anything is absent or changed. */
export async function readModel(
  directory: string,
): Promise<{ readonly model: TrainedModel; readonly savedMs: number }> {
  const manifest = parse(MANIFEST, await read(directory, MANIFEST)) as Partial<Manifest> | null;
  if (manifest?.format !== 'forescale-model-files-1' || !manifest.files || manifest.savedMs === undefined) {
    throw new ModelCorruptError(`${MANIFEST}: unknown format ${String(manifest?.format)}`);
  }
  const sums = manifest.files;
  const verified = async (name: string) => {
    const bytes = await read(directory, name);
    const sum = sumOf(bytes);
    if (sum.bytes !== sums[name]?.bytes || sum.sha256 !== sums[name].sha256) {
      throw new ModelCorruptError(`${name}: ${sum.bytes} bytes that are not those saved`);
    }
    return bytes;
  };
  const state = parse(STATE, await verified(STATE)) as Omit<TrainedModel, 'network'>;
  if (state.format !== 'forescale-model-1') {
    throw new ModelCorruptError(`${STATE}: unknown format ${String(state.format)}`);
  }
  const network =
    TOPOLOGY in sums ? networkOf(parse(TOPOLOGY, await verified(TOPOLOGY)), await verified(WEIGHTS)) : null;
  return { model: { ...state, network }, savedMs: manifest.savedMs };
}

async function read(directory: string, name: string): Promise<Uint8Array> {
  try {
    return await readFile(join(directory, name));
  } catch (error) {
    throw new ModelCorruptError(`${name}: cannot be read`, { cause: error });
  }
}

function parse(name: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch (error) {
    throw new ModelCorruptError(`${name}: is not JSON`, { cause: error });
  }
}

function jsonBytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function sumOf(bytes: Uint8Array): FileSum {
  return { bytes: bytes.byteLength, sha256: createHash('sha256').update(bytes).digest('hex') };
}
