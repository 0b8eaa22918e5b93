/** What may be found wrong; `unconverged` is counted once per storm. */
export const FINDING_KINDS = ['orphans', 'duplicates', 'bound_breaks', 'pdb_breaks', 'unconverged'] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

export interface Finding {
  readonly kind: FindingKind;
  readonly atMs: number;
  readonly text: string;
}
