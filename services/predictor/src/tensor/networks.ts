import type { Networks } from '../model/network.ts';
import { loadNetwork } from './plain-network.ts';
import { trainNetwork } from './train.ts';

/** Networks as this package makes them: trained with TensorFlow.js, asked in plain loops. */
export const networks: Networks = { train: trainNetwork, load: loadNetwork };
