import { Ensemble } from './ensemble.ts';
import type { StreamingMember } from './member.ts';
import type { QuantileNetwork } from './network.ts';
import { NetworkMember } from './network-member.ts';
import { createNetworkBasis, type ShapeOptions } from './shape.ts';

/**
 * The network without the other members, to see what it is worth: it corrects `ridge-log`, which it follows silently.
 * On cells that it was trained on `ridge-log` speaks, so that its calibration is not made from what it knows by heart.
 */
export function createNetworkAlone(options: ShapeOptions, network: QuantileNetwork, unseenFromCell: number): Ensemble {
  const { tape, lifts, members, features } = createNetworkBasis(options);
  const [base] = members;
  const member = new NetworkMember(network, features, Math.max(0, unseenFromCell - options.firstCell));
  const alone: StreamingMember = {
    name: member.name,
    learn: () => {
      for (const one of members) one.learn();
      member.learn();
    },
    predict: (out) => (tape.length <= member.unseenFrom ? base : member).predict(out),
  };
  return new Ensemble(tape, options.horizon, [alone], lifts);
}
