import { createRequire } from 'node:module';
import { dirname } from 'node:path';
// Gradients of the operations are registered by the layers package; tensors cannot be differentiated without it.
import '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { enableProdMode, env, matMul, setBackend, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { NoBackendError } from './errors.ts';
import { transposeBeforeMultiplying } from './wasm-matmul.ts';

/** Fastest first. */
const LADDER = ['tensorflow', 'wasm', 'cpu'] as const;

export type BackendName = (typeof LADDER)[number];

export interface Backend {
  readonly name: BackendName;
  /** For the log: why this one, with the error of each faster one that was passed over. */
  readonly reason: string;
}

/** Not a dependency that is always there, hence hidden from the compiler's and the bundler's resolution. */
const TFJS_NODE: string = '@tensorflow/tfjs-node';

let selected: { readonly preference: string; readonly backend: Promise<Backend> } | null = null;

/**
 * Chooses where tensors are computed, for the whole process: the preferred backend, or the next slower one that
 * works here. Must have resolved before any tensor is made, and is not for a time when a network is in training. The
 * same preference again answers at once.
 * Rejects with `NoBackendError` when not even plain JavaScript works.
 */
export function selectBackend(preference: 'auto' | BackendName = 'auto'): Promise<Backend> {
  if (selected?.preference !== preference) {
    selected = { preference, backend: firstThatWorks(preference === 'auto' ? LADDER[0] : preference) };
  }
  return selected.backend;
}

/** The backend chosen before, or the fastest that works when none was chosen. */
export function currentBackend(): Promise<Backend> {
  return selected?.backend ?? selectBackend();
}

async function firstThatWorks(fastest: BackendName): Promise<Backend> {
  enableProdMode(); // else the JavaScript backend prints an advertisement
  const passedOver: string[] = [];
  for (const name of LADDER.slice(LADDER.indexOf(fastest))) {
    try {
      const remark = await START[name]();
      if (!(await setBackend(name))) throw new Error('it does not initialise');
      multiplyOnce();
      return { name, reason: [remark, ...passedOver].join('; ') };
    } catch (error) {
      passedOver.push(`no ${name}: ${firstLine(error)}`);
    }
  }
  throw new NoBackendError(passedOver);
}

/** What has to happen before `setBackend`; resolves to a remark for the log. */
const START: Readonly<Record<BackendName, () => Promise<string>>> = {
  async tensorflow() {
    await import(TFJS_NODE);
    return 'native TensorFlow is installed';
  },
  async wasm() {
    const entry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
    setWasmPaths(`${dirname(entry)}/`);
    transposeBeforeMultiplying();
    return (await env().getAsync('WASM_HAS_SIMD_SUPPORT')) ? 'WebAssembly with SIMD' : 'WebAssembly without SIMD';
  },
  cpu: async () => 'plain JavaScript, about 15 times slower to train than WebAssembly',
};

/** A backend can load and still fail at its first operation (the native one does on a newer Node). */
function multiplyOnce(): void {
  const [product] = tidy(() => matMul(tensor2d([[1, 2]]), tensor2d([[3], [4]])).dataSync());
  if (product !== 11) throw new Error(`[1 2] x [3 4] gave ${product}`);
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0] as string;
}
