import type { Audit, AuditEntry } from '@forescale/shared/telemetry';

/** An audit whose entries can be read. */
export class AuditLines implements Audit {
  readonly entries: AuditEntry[] = [];

  add(entry: AuditEntry): void {
    this.entries.push(entry);
  }

  async during<Result>(entry: Omit<AuditEntry, 'outcome'>, change: () => Promise<Result>): Promise<Result> {
    try {
      const result = await change();
      this.add({ ...entry, outcome: 'done' });
      return result;
    } catch (error) {
      this.add({ ...entry, outcome: (error as Error).message });
      throw error;
    }
  }
}
