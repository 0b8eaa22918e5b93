/** What a read-only look at a provider found: an operation, and `ok`, or why it fails. */
export interface DryRunStep {
  readonly operation: string;
  readonly outcome: string;
}

/** The steps one after another; one that fails keeps no other from being looked at. */
export async function dryRunOf(
  steps: readonly (readonly [operation: string, look: () => Promise<string>])[],
): Promise<readonly DryRunStep[]> {
  const seen: DryRunStep[] = [];
  for (const [operation, look] of steps) {
    const outcome = await look().catch(
      (error: unknown) => `fails: ${error instanceof Error ? error.message : String(error)}`,
    );
    seen.push({ operation, outcome });
  }
  return seen;
}
