import {
  _FusedMatMul,
  BatchMatMul,
  type BatchMatMulAttrs,
  getKernel,
  type KernelBackend,
  type KernelConfig,
  type KernelFunc,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  registerKernel,
  type TensorInfo,
  Transpose,
  unregisterKernel,
} from '@tensorflow/tfjs-core';

const WASM = 'wasm';
let applied = false;

/**
 * Makes the WebAssembly backend transpose the operands of a matrix product before it multiplies them.
 *
 * Left to itself, the backend multiplies with `transposeA` or `transposeB`, that is in every gradient of a dense
 * layer, along a scalar path of about 1 GFLOPS; without, along a SIMD path of 14 to 24. One explicit transposition
 * costs little beside that: a training step of a 174-128-128-72 network is about 4 times faster. Affects the whole
 * process; calling it again does nothing.
 */
export function transposeBeforeMultiplying(): void {
  if (applied) return;
  applied = true;
  const transpose = kernel(Transpose).kernelFunc;
  for (const name of [BatchMatMul, _FusedMatMul]) {
    const original = kernel(name);
    unregisterKernel(name, WASM);
    registerKernel({ ...original, kernelFunc: untransposed(original.kernelFunc, transpose) });
  }
}

function kernel(name: string): KernelConfig {
  const config = getKernel(name, WASM);
  if (!config) throw new Error(`the WebAssembly backend has no kernel ${name}`);
  return config;
}

function untransposed(multiply: KernelFunc, transpose: KernelFunc): KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const { transposeA, transposeB } = attrs as unknown as BatchMatMulAttrs;
    const { a, b } = inputs as unknown as { readonly a: TensorInfo; readonly b: TensorInfo };
    const flippedA = transposeA ? flip(a, transpose, backend) : null;
    const flippedB = transposeB ? flip(b, transpose, backend) : null;
    const plainInputs: NamedTensorInfoMap = { ...inputs, a: flippedA ?? a, b: flippedB ?? b };
    const plainAttrs: NamedAttrMap = { ...attrs, transposeA: false, transposeB: false };
    try {
      return multiply({ inputs: plainInputs, attrs: plainAttrs, backend });
    } finally {
      for (const flipped of [flippedA, flippedB]) if (flipped) (backend as KernelBackend).disposeData(flipped.dataId);
    }
  };
}

/** `x` with its last two axes exchanged, in new memory that the caller frees. */
function flip(x: TensorInfo, transpose: KernelFunc, backend: object): TensorInfo {
  const perm = x.shape.map((_, axis) => axis);
  perm.push(...perm.splice(-2).reverse());
  const flipped = transpose({ inputs: { x }, attrs: { perm }, backend });
  if (Array.isArray(flipped)) throw new Error('a transposition has one result');
  return flipped;
}
