/** What one minute of the demo came to. */
export interface LedgerRow {
  readonly timeMs: number;
  /** In the unit of the load. */
  readonly demand: number;
  readonly nodesReady: number;
  readonly usdPerHour: number;
}

/** How long before their need nodes were Ready, over all nodes that became Ready during the replay. */
export interface LeadTimes {
  /** Seconds; negative when the node came late. Half of the nodes had at least `p50`, 95 % at least `p95`. */
  readonly p50: number;
  readonly p95: number;
  /** Nodes that a later need reached, and nodes that left without ever being needed. */
  readonly needed: number;
  readonly unneeded: number;
}

/** Adds up the replayed minutes. */
export class Ledger {
  readonly rows: LedgerRow[] = [];
  readonly #capacityPerNode: number;

  constructor(capacityPerNode: number) {
    this.#capacityPerNode = capacityPerNode;
  }

  add(row: LedgerRow): void {
    this.rows.push(row);
  }

  /** Share of the demand that exceeded what Ready nodes carry. */
  unmetDemandShare(): number {
    let unmet = 0;
    let demand = 0;
    for (const row of this.rows) {
      unmet += Math.max(0, row.demand - row.nodesReady * this.#capacityPerNode);
      demand += row.demand;
    }
    return demand > 0 ? unmet / demand : 0;
  }

  /** USD, each row standing for `stepMs`. */
  usd(stepMs: number): number {
    return this.rows.reduce((sum, row) => sum + (row.usdPerHour * stepMs) / 3_600_000, 0);
  }

  /**
   * When the Ready nodes rise from 7 to 9, the 8th and the 9th became Ready: each is compared with the first minute
   * from which the demand needs that many. A node that leaves before that was never needed.
   */
  leadTimes(): LeadTimes {
    const leads: number[] = [];
    let unneeded = 0;
    for (let index = 1; index < this.rows.length; index++) {
      for (let rank = this.#ready(index - 1) + 1; rank <= this.#ready(index); rank++) {
        const needed = this.#firstNeed(index, rank);
        if (needed === null) unneeded++;
        else leads.push((this.#timeMs(needed) - this.#timeMs(index)) / 1_000);
      }
    }
    leads.sort((a, b) => a - b);
    const atLeast = (share: number) => leads[Math.floor((1 - share) * (leads.length - 1))] ?? 0;
    return { p50: atLeast(0.5), p95: atLeast(0.95), needed: leads.length, unneeded };
  }

  /** The row at which the need reaches `rank`, for a node that became Ready at `index`; null when it never does. */
  #firstNeed(index: number, rank: number): number | null {
    if (this.#need(index) >= rank) {
      let since = index;
      while (since > 0 && this.#need(since - 1) >= rank) since--;
      return since;
    }
    for (let later = index + 1; later < this.rows.length && this.#ready(later) >= rank; later++) {
      if (this.#need(later) >= rank) return later;
    }
    return null;
  }

  #need(index: number): number {
    return Math.ceil((this.rows[index] as LedgerRow).demand / this.#capacityPerNode - 1e-9);
  }

  #ready(index: number): number {
    return (this.rows[index] as LedgerRow).nodesReady;
  }

  #timeMs(index: number): number {
    return (this.rows[index] as LedgerRow).timeMs;
  }
}
