import { constantNetworks } from '../model/constant-networks.test-data.ts';

/** Networks that betray whatever they were shown: their correction is the mean of all inputs and targets. */
export const telltale = constantNetworks((data) => {
  const known = [...data.x, ...data.y].filter(Number.isFinite);
  return known.reduce((sum, value) => sum + value / known.length, 0);
});
