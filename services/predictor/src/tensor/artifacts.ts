import type { SerialisedNetwork } from '../model/network.ts';
import { bytesOfFloats, decodeNetwork, encodeNetwork, floatsOfBytes } from './codec.ts';
import { NetworkFormatError } from './errors.ts';
import { type NetworkShape, sizeOf, type Weights, weightSpecs, weightsOf } from './weights.ts';

const WEIGHTS_FILE = 'weights.bin';

/**
 * A network as TensorFlow.js saves one: the content of `model.json` (a layers model whose output is `raw`, the heads
 * before they are sorted; what they mean is in `userDefinedMetadata`) and of `weights.bin` beside it.
 */
export interface NetworkArtifacts {
  readonly modelJson: {
    readonly format: 'layers-model';
    readonly generatedBy: string;
    readonly convertedBy: null;
    readonly modelTopology: object;
    readonly weightsManifest: readonly {
      readonly paths: string[];
      readonly weights: { readonly name: string; readonly shape: number[]; readonly dtype: 'float32' }[];
    }[];
    readonly userDefinedMetadata: NetworkShape & { readonly format: SerialisedNetwork['format'] };
  };
  readonly weights: Uint8Array;
}

export function artifactsOf(shape: NetworkShape, weights: Weights): NetworkArtifacts {
  const { inputs, outputs, levels, hidden } = shape;
  const specs = weightSpecs(shape);
  return {
    modelJson: {
      format: 'layers-model',
      generatedBy: 'forescale',
      convertedBy: null,
      modelTopology: topologyOf(shape),
      weightsManifest: [
        {
          paths: [WEIGHTS_FILE],
          weights: specs.map(({ name, shape: sides }) => ({ name, shape: [...sides], dtype: 'float32' })),
        },
      ],
      userDefinedMetadata: { format: 'quantile-mlp-1', inputs, outputs, levels, hidden },
    },
    weights: Buffer.concat(specs.map(({ name }) => bytesOfFloats(weightsOf(weights, name)))),
  };
}

/** The artefacts of a serialised network. Throws `NetworkFormatError` when it is damaged. */
export function artifactsOfNetwork(network: SerialisedNetwork): NetworkArtifacts {
  return artifactsOf(network, decodeNetwork(network));
}

/** The network whose artefacts these are. Throws `NetworkFormatError` when they do not fit together. */
export function networkOf(modelJson: unknown, weights: Uint8Array): SerialisedNetwork {
  const shape = (modelJson as Partial<NetworkArtifacts['modelJson']> | null)?.userDefinedMetadata;
  if (shape?.format !== 'quantile-mlp-1') throw new NetworkFormatError(`unknown format ${String(shape?.format)}`);
  const decoded = new Map<string, Float32Array>();
  let at = 0;
  for (const spec of weightSpecs(shape)) {
    const end = at + 4 * sizeOf(spec);
    decoded.set(spec.name, floatsOfBytes(weights.subarray(at, end), spec));
    at = end;
  }
  if (at !== weights.byteLength)
    throw new NetworkFormatError(`${weights.byteLength} bytes of weights instead of ${at}`);
  return encodeNetwork(shape, decoded);
}

/** The layers and their connections, in the words of Keras. */
function topologyOf({ inputs, outputs, levels, hidden }: NetworkShape): object {
  const layers: object[] = [
    {
      name: 'x',
      class_name: 'InputLayer',
      config: { name: 'x', batch_input_shape: [null, inputs], dtype: 'float32' },
      inbound_nodes: [],
    },
  ];
  const add = (className: string, name: string, config: object, ...from: string[]) => {
    const inbound = from.map((source) => [source, 0, 0, {}]);
    layers.push({ name, class_name: className, config: { name, ...config }, inbound_nodes: [inbound] });
    return name;
  };
  const units = outputs * levels.length;
  let last = 'x';
  for (const [index, width] of hidden.entries()) {
    last = add('Dense', `hidden${index}`, { units: width, activation: 'relu', use_bias: true }, last);
  }
  const head = add('Dense', 'head', { units, activation: 'linear', use_bias: true }, last);
  const skip = add('Dense', 'skip', { units, activation: 'linear', use_bias: false }, 'x');
  const raw = add('Add', 'raw', {}, head, skip);
  const config = { name: 'quantile-mlp', layers, input_layers: [['x', 0, 0]], output_layers: [[raw, 0, 0]] };
  return { class_name: 'Model', config, keras_version: 'tfjs-layers 4', backend: 'tensor_flow.js' };
}
