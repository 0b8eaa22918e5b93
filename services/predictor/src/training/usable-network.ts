import type { SerialisedNetwork } from '../model/network.ts';
import { networkInputs } from '../model/network-features.ts';

/** Whether a network answers to the inputs that this version makes: one that was saved by another need not. */
export function isUsable(network: SerialisedNetwork, horizon: number): boolean {
  return network.inputs === networkInputs(horizon) && network.outputs === horizon;
}
