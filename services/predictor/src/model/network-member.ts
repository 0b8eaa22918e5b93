import type { StreamingMember } from './member.ts';
import type { QuantileNetwork } from './network.ts';
import type { NetworkFeatures } from './network-features.ts';

/** Levels of the network's heads; the middle one is its forecast. */
export const NETWORK_LEVELS = [0.1, 0.5, 0.9] as const;
const MEDIAN = 1;

/** Hidden layers of every network, so that any of them can start from any other. */
export const NETWORK_HIDDEN: readonly number[] = [64, 64];

/** The trained network as a member: corrects another member's forecast. */
export class NetworkMember implements StreamingMember {
  readonly name = 'network';
  readonly unseenFrom: number;
  private network: QuantileNetwork;
  private readonly features: NetworkFeatures;
  private readonly x: Float32Array;

  constructor(network: QuantileNetwork, features: NetworkFeatures, unseenFrom: number) {
    this.network = network;
    this.features = features;
    this.unseenFrom = unseenFrom;
    this.x = new Float32Array(features.inputs);
  }

  /** Goes on with a network of the same inputs and outputs. */
  exchange(network: QuantileNetwork): void {
    this.network = network;
  }

  learn(): void {
    this.features.learn();
  }

  predict(out: Float64Array): void {
    this.features.fill(this.x, 0);
    const heads = this.network.predict(this.x, 1);
    for (let ahead = 1; ahead <= out.length; ahead++) {
      const head = (Math.min(ahead, this.network.outputs) - 1) * this.network.levels.length + MEDIAN;
      out[ahead - 1] = this.features.valueOf(ahead, heads[head] as number);
    }
  }
}
