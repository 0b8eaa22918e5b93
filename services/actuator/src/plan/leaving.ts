import type { PoolConfig, SpotConfig } from '@forescale/shared/config';
import { type Fleet, sharesOfNode } from './fleet.ts';
import { spotNodesMax } from './offerings.ts';
import { addShares, covers, type Shares } from './shares.ts';
import type { PoolNode } from './types.ts';

/** What remains of the Ready nodes while some of them are let go. */
export class Leaving {
  readonly #pool: PoolConfig;
  readonly #spot: SpotConfig;
  #shares: Shares;
  #spotNodes: number;
  #spotUnits: number;
  nodes: number;

  constructor(fleet: Fleet, pool: PoolConfig, spot: SpotConfig) {
    this.#pool = pool;
    this.#spot = spot;
    this.#shares = fleet.readyShares;
    const spotNodes = fleet.ready.filter((node) => node.capacityType === 'spot');
    this.#spotNodes = spotNodes.length;
    this.#spotUnits = spotNodes.reduce((sum, node) => sum + node.units, 0);
    this.nodes = fleet.ready.length;
  }

  /** Whether `needed` is there without the node as well, and no larger a part of what remains is spot than may be. */
  canSpare(node: PoolNode, needed: Shares): boolean {
    return this.keepsShare(node) && covers(addShares(this.#shares, sharesOfNode(node, this.#pool), -1), needed);
  }

  /** An on-demand node is what the spot nodes beside it are allowed for. */
  keepsShare(node: PoolNode): boolean {
    if (node.capacityType === 'spot' || this.#spotNodes === 0) return true;
    const units = this.#spot.share * (this.#shares.units - node.units);
    return this.#spotNodes <= spotNodesMax(this.#spot, this.nodes - 1) && this.#spotUnits <= units + 1e-9;
  }

  remove(node: PoolNode): void {
    this.#shares = addShares(this.#shares, sharesOfNode(node, this.#pool), -1);
    this.nodes--;
    if (node.capacityType !== 'spot') return;
    this.#spotNodes--;
    this.#spotUnits -= node.units;
  }
}
