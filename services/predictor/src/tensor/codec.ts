import type { SerialisedNetwork, SerialisedTensor } from '../model/network.ts';
import { NetworkFormatError } from './errors.ts';
import { type NetworkShape, sizeOf, type WeightSpec, type Weights, weightSpecs, weightsOf } from './weights.ts';

export function encodeNetwork(shape: NetworkShape, weights: Weights): SerialisedNetwork {
  const tensors: SerialisedTensor[] = weightSpecs(shape).map(({ name, shape: sides }) => ({
    name,
    shape: sides,
    data: Buffer.from(bytesOfFloats(weightsOf(weights, name))).toString('base64'),
  }));
  const { inputs, outputs, levels, hidden } = shape;
  return { format: 'quantile-mlp-1', inputs, outputs, levels: [...levels], hidden: [...hidden], tensors };
}

/** The weights of a serialised network. Throws `NetworkFormatError` for anything but a complete, finite set. */
export function decodeNetwork(network: SerialisedNetwork): Weights {
  if (network.format !== 'quantile-mlp-1') throw new NetworkFormatError(`unknown format ${String(network.format)}`);
  const byName = new Map(network.tensors.map((tensor) => [tensor.name, tensor]));
  return new Map(
    weightSpecs(network).map((spec) => {
      const tensor = byName.get(spec.name);
      if (!tensor) throw new NetworkFormatError(`${spec.name} is absent`);
      return [spec.name, floatsOfBytes(Buffer.from(tensor.data, 'base64'), spec)];
    }),
  );
}

/** Little-endian float32 bytes as the array that `spec` describes; copied, so that any alignment will do. */
export function floatsOfBytes(bytes: Uint8Array, spec: WeightSpec): Float32Array {
  const size = sizeOf(spec);
  if (bytes.byteLength !== 4 * size) {
    throw new NetworkFormatError(`${spec.name} has ${bytes.byteLength} bytes instead of ${4 * size}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(size);
  for (let i = 0; i < size; i++) values[i] = view.getFloat32(4 * i, true);
  if (!values.every(Number.isFinite)) throw new NetworkFormatError(`${spec.name} has a value that is not finite`);
  return values;
}

export function bytesOfFloats(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i] as number, true);
  return bytes;
}
