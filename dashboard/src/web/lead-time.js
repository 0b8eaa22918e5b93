// @ts-check
/** A node whose need has not come within this time was not started for it. */
const LEAD_S_MAX = 6 * 3600;

/**
 * How long before they were needed nodes were Ready, in seconds, one per node that came: negative when it came late. The
 * n-th node is needed once the load exceeds what n - 1 nodes carry. Nodes that were there all along, or were never needed, do not count.
 * @param {readonly number[]} timesS
 * @param {readonly (number | null)[]} load
 * @param {readonly (number | null)[]} ready
 * @param {number} capacityPerNode in the unit of the load
 * @returns {number[]} ascending
 */
export function leadTimes(timesS, load, ready, capacityPerNode) {
  /** Since when the n-th node is Ready without being needed. @type {Map<number, number>} */
  const waitingSinceS = new Map();
  /** Since when the n-th node is needed without being Ready. @type {Map<number, number>} */
  const missingSinceS = new Map();
  /** @type {number[]} */
  const leadsS = [];
  let readyBefore = null;
  let neededBefore = null;
  for (const [i, timeS] of timesS.entries()) {
    const nodes = ready[i] ?? null;
    const value = load[i] ?? null;
    if (nodes === null || value === null) continue;
    const needed = Math.ceil(value / capacityPerNode - 1e-9);
    if (readyBefore !== null && neededBefore !== null) {
      for (const n of span(readyBefore, nodes)) arrive(n, timeS);
      for (const n of span(nodes, readyBefore)) waitingSinceS.delete(n);
      for (const n of span(neededBefore, needed)) demand(n, timeS, nodes);
      for (const n of span(needed, neededBefore)) missingSinceS.delete(n);
    }
    readyBefore = nodes;
    neededBefore = needed;
  }
  return leadsS.sort((a, b) => a - b);

  /** @param {number} n @param {number} timeS */
  function arrive(n, timeS) {
    const sinceS = missingSinceS.get(n);
    if (sinceS === undefined) waitingSinceS.set(n, timeS);
    else leadsS.push(sinceS - timeS);
    missingSinceS.delete(n);
  }
  /** @param {number} n @param {number} timeS @param {number} nodes */
  function demand(n, timeS, nodes) {
    if (n > nodes) missingSinceS.set(n, timeS);
    const sinceS = waitingSinceS.get(n);
    if (n <= nodes && sinceS !== undefined && timeS - sinceS <= LEAD_S_MAX) leadsS.push(timeS - sinceS);
    waitingSinceS.delete(n);
  }
}

/** The numbers in (from, to]; none when `to` is not greater. @param {number} from @param {number} to */
function span(from, to) {
  return Array.from({ length: Math.max(0, Math.min(to - from, 10_000)) }, (_, i) => from + 1 + i);
}

/** The value that a share of the ascending `sorted` does not exceed; null of nothing. @param {readonly number[]} sorted @param {number} share */
export function quantileOf(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null;
}
