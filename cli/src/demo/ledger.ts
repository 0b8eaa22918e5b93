/** What one minute of the demo came to. */
export interface LedgerRow {
  readonly timeMs: number;
  /** In the unit of the load. */
  readonly demand: number;
  readonly nodesReady: number;
  readonly usdPerHour: number;
}

export interface LeadTimes {
  /** Seconds between a node being Ready and the load that needs it; negative when it came late. */
  readonly p50: number;
  readonly p95: number;
  readonly rises: number;
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
   * How long before need nodes were Ready: whenever the demand rises to more nodes than the minute before, how long
   * that many had been Ready; when they were not yet, how long it took, negative. "95 % of the rises found their nodes
   * Ready at least p95 seconds before" is the 5th percentile of those.
   */
  leadTimes(): LeadTimes {
    const leads: number[] = [];
    for (let index = 1; index < this.rows.length; index++) {
      const need = this.#need(index);
      if (need > this.#need(index - 1)) leads.push(this.#leadSeconds(index, need));
    }
    leads.sort((a, b) => a - b);
    const at = (share: number) => leads[Math.min(leads.length - 1, Math.floor(share * leads.length))] ?? 0;
    return { p50: at(0.5), p95: at(0.05), rises: leads.length };
  }

  #need(index: number): number {
    return Math.ceil((this.rows[index] as LedgerRow).demand / this.#capacityPerNode - 1e-9);
  }

  #leadSeconds(index: number, need: number): number {
    const { timeMs } = this.rows[index] as LedgerRow;
    if ((this.rows[index] as LedgerRow).nodesReady < need) {
      const caughtUp = this.rows.slice(index).find((row) => row.nodesReady >= need) ?? (this.rows.at(-1) as LedgerRow);
      return (timeMs - caughtUp.timeMs) / 1_000;
    }
    let since = index;
    while (since > 0 && (this.rows[since - 1] as LedgerRow).nodesReady >= need) since--;
    return (timeMs - (this.rows[since] as LedgerRow).timeMs) / 1_000;
  }
}
