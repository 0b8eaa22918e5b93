import { createHash } from 'node:crypto';
import type { ModelKey } from '@forescale/shared/domain';
import { artifactsOfNetwork, networkOf } from '../tensor/index.ts';
import { ModelCorruptError } from './errors.ts';
import type { ModelFacts, ModelOf } from './model-store.ts';

/** Sizes and checksums of all files of a model: a damaged or half-written one is known as such. */
export interface Manifest extends ModelFacts {
  readonly format: 'forescale-model-files-1';
  readonly files: Readonly<Record<string, FileSum>>;
}

interface FileSum {
  readonly bytes: number;
  readonly sha256: string;
}

export const MANIFEST = 'manifest.json';
/** The model without its network. */
const STATE = 'state.json';
/** The network, as TensorFlow.js saves a layers model; both absent when the model has none. */
const TOPOLOGY = 'model.json';
const WEIGHTS = 'weights.bin';

const FORMATS = { series: 'forescale-model-1', cluster: 'forescale-cluster-model-1' } as const;

/** The files of a model, and the manifest that tells whether they are whole. */
export function packModel(
  model: ModelOf<ModelKey>,
  { savedMs, cells }: ModelFacts,
): { readonly manifest: Manifest; readonly files: ReadonlyMap<string, Uint8Array> } {
  const { network, ...state } = model;
  const files = new Map<string, Uint8Array>([[STATE, jsonBytes(state)]]);
  if (network) {
    const { modelJson, weights } = artifactsOfNetwork(network);
    files.set(TOPOLOGY, jsonBytes(modelJson));
    files.set(WEIGHTS, weights);
  }
  const sums = Object.fromEntries([...files].map(([name, bytes]) => [name, sumOf(bytes)]));
  return { manifest: { format: 'forescale-model-files-1', savedMs, cells, files: sums }, files };
}

/** The model whose files `read` gives by name. Rejects with `ModelCorruptError` when anything is absent or changed. */
export async function unpackModel<Key extends ModelKey>(
  kind: Key['kind'],
  manifest: Manifest,
  read: (name: string) => Promise<Uint8Array>,
): Promise<ModelOf<Key>> {
  const verified = async (name: string) => {
    const bytes = await read(name);
    const sum = sumOf(bytes);
    if (sum.bytes !== manifest.files[name]?.bytes || sum.sha256 !== manifest.files[name].sha256) {
      throw new ModelCorruptError(`${name}: ${sum.bytes} bytes that are not those saved`);
    }
    return bytes;
  };
  const state = parseJson(STATE, await verified(STATE)) as Omit<ModelOf<Key>, 'network'>;
  if (state.format !== FORMATS[kind]) throw new ModelCorruptError(`${STATE}: unknown format ${String(state.format)}`);
  const network =
    TOPOLOGY in manifest.files
      ? networkOf(parseJson(TOPOLOGY, await verified(TOPOLOGY)), await verified(WEIGHTS))
      : null;
  return { ...state, network } as ModelOf<Key>;
}

/** What was written as a manifest. Throws `ModelCorruptError` for anything else. */
export function checkManifest(value: unknown): Manifest {
  const manifest = value as Partial<Manifest> | null;
  const { format, files, savedMs, cells } = manifest ?? {};
  if (format !== 'forescale-model-files-1' || !files || !Number.isFinite(savedMs) || !Number.isFinite(cells)) {
    throw new ModelCorruptError(`${MANIFEST}: unknown format ${String(format)}`);
  }
  return manifest as Manifest;
}

export function parseJson(name: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch (error) {
    throw new ModelCorruptError(`${name}: is not JSON`, { cause: error });
  }
}

export function jsonBytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function sumOf(bytes: Uint8Array): FileSum {
  return { bytes: bytes.byteLength, sha256: createHash('sha256').update(bytes).digest('hex') };
}
