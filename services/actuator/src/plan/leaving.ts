import type { PoolConfig, SpotConfig } from '@forescale/shared/config';
import { type Fleet, sharesOfNode } from './fleet.ts';
import { count, keepsPolicy, reclaimsIn, type Tally, tallyOf } from './offerings.ts';
import { addShares, covers, type Shares } from './shares.ts';
import type { PoolNode } from './types.ts';

/** What remains of the Ready nodes while some of them are let go. */
export class Leaving {
  readonly #pool: PoolConfig;
  readonly #spot: SpotConfig;
  readonly #reclaimsOf: (node: PoolNode) => number;
  #shares: Shares;
  #tally: Tally;

  constructor(fleet: Fleet, pool: PoolConfig, spot: SpotConfig) {
    this.#pool = pool;
    this.#spot = spot;
    this.#reclaimsOf = reclaimsIn(pool);
    this.#shares = fleet.readyShares;
    this.#tally = tallyOf(fleet.ready, pool);
  }

  get nodes(): number {
    return this.#tally.nodes;
  }

  /** Whether `needed` is there without the node as well, and what remains is as the policy for spot has it. */
  canSpare(node: PoolNode, needed: Shares): boolean {
    return this.keepsPolicy(node) && covers(addShares(this.#shares, sharesOfNode(node, this.#pool), -1), needed);
  }

  /**
   * An on-demand node is what the spot nodes beside it are allowed for, and a calm spot node lowers the risk of the
   * others. Where the policy does not hold as it is, spot nodes may go that make it no worse.
   */
  keepsPolicy(node: PoolNode): boolean {
    const before = this.#tally;
    const after = this.#without(node);
    if (keepsPolicy(after, this.#spot)) return true;
    if (node.capacityType !== 'spot') return false;
    const isCalmer = after.reclaims * before.nodes <= before.reclaims * after.nodes + 1e-9;
    return isCalmer || after.reclaims <= this.#spot.riskMax * after.nodes + 1e-9;
  }

  remove(node: PoolNode): void {
    this.#shares = addShares(this.#shares, sharesOfNode(node, this.#pool), -1);
    this.#tally = this.#without(node);
  }

  #without(node: PoolNode): Tally {
    const after = { ...this.#tally };
    count(after, node.capacityType, node.units, this.#reclaimsOf(node), -1);
    return after;
  }
}
