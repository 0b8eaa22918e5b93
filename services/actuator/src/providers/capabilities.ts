/** What the conformance suite asks of every provider; the matrix in docs/providers.md is made of it. */
export const CAPABILITIES = {
  concurrent: 'many creations at once',
  replayed: 'the same request again makes nothing twice',
  lost: 'a lost answer orphans nothing',
  partial: 'partial fulfilment says what was made and why the rest was not',
  pagination: 'listings of many pages are whole',
  delayed: 'machines that are shown late are made once',
  capacity: 'no capacity marks the offering',
  quota: 'a full quota marks longer',
  throttled: 'throttling is waited out, as long as the answer says',
  auth: 'refused credentials say so',
  fallback: 'spot with on-demand fall-back',
  interruption: 'notices of interruption',
  terminate: 'termination, verified',
  tagged: "listing shows this cluster's machines and no others",
  garbage: 'after a crash nothing is left over',
  prices: 'live prices',
} as const;

export type Capability = keyof typeof CAPABILITIES;

/** Absent: yes. Otherwise why it does not apply. */
export type NotApplicable = Readonly<Partial<Record<Capability, string>>>;
