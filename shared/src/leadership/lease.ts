/** What an election reads and writes of a Lease of coordination.k8s.io/v1. */
export interface Lease {
  /** The one process that holds it; empty: nobody. */
  readonly holder: string;
  /** Whoever has not seen the lease change for so long may take it. */
  readonly durationMs: number;
  /** How often it has changed hands: the number of the holder's term. */
  readonly transitions: number;
  /**
   * By the holder's clock, as RFC 3339 in microseconds: for people, and to tell one write from the next. They are never
   * compared with our own time, so that clocks may differ. Empty where the lease does not say.
   */
  readonly acquired: string;
  readonly renewed: string;
}

export interface StoredLease extends Lease {
  /** The ticket for the next write. */
  readonly version: string;
}

/** Where the lease is kept. Methods reject when that is away; a write may then have happened or not. */
export interface LeasePort {
  /** Null: there is no lease. */
  read(): Promise<StoredLease | null>;
  /** Writes only over `version`, and where that is null only where there is none; null: somebody else was faster. */
  write(lease: Lease, version: string | null): Promise<StoredLease | null>;
}
