import { CAPABILITIES, type Capability } from '@forescale/actuator/providers';
import { beforeEach, describe, it } from 'vitest';
import { groupChecks } from './group-checks.ts';
import { machineChecks } from './machine-checks.ts';
import { placeholderChecks } from './placeholder-checks.ts';
import type { Target } from './target.ts';

/** What is looked at under the name of a capability; `it` says what is seen. */
export interface Check {
  readonly capability: Capability;
  readonly it: string;
  run(target: Target): Promise<void>;
}

/** A check takes real sockets a while, on a machine that is busy. */
const PATIENCE_MS = 60_000;

/**
 * What every provider must do, on an end point that behaves. `openTarget` gives a fresh one, with nothing in it. What does
 * not apply is shown as skipped, with its reason; a capability that has neither check nor reason fails.
 */
export function describeProvider(name: string, openTarget: () => Promise<Target>): void {
  describe(`provider ${name}`, async () => {
    const first = await openTarget();
    const { notApplicable } = first;
    const checks = checksOf(first);
    await first.close();
    let target: Target;
    beforeEach(async () => {
      target = await openTarget();
      return () => target.close();
    });
    for (const [capability, what] of Object.entries(CAPABILITIES) as [Capability, string][]) {
      const reason = notApplicable[capability];
      if (reason !== undefined) {
        it.skip(`${capability}: does not apply: ${reason}`);
        continue;
      }
      const own = checks.filter((check) => check.capability === capability);
      if (own.length === 0) it(`${capability}: ${what}`, () => Promise.reject(new Error('nothing looks at it')));
      for (const check of own) it(`${capability}: ${check.it}`, () => check.run(target), PATIENCE_MS);
    }
  });
}

function checksOf({ provider }: Target): readonly Check[] {
  if (provider.placeholders) return placeholderChecks;
  return provider.groups ? groupChecks : machineChecks;
}
