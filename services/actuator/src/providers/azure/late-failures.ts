import type { OfferingConfig } from '@forescale/shared/config';
import { ProviderError } from '../errors.ts';

/** One of each size, zone and capacity type; more is a mistake. */
const KEPT_MAX = 1_000;

type Kind = Pick<OfferingConfig, 'region' | 'instanceType' | 'capacityType'> & { readonly zones: readonly string[] };

interface Late {
  readonly error: ProviderError;
  /** When its machine was ordered. */
  readonly sinceMs: number;
  isTold: boolean;
}

/**
 * What Azure said of machines only after it had taken the order. By then nobody waits for an answer: the next order of
 * the same kind gets it, once, where it still holds.
 */
export class LateFailures {
  readonly #kept = new Map<string, Late>();

  add(kind: Kind, error: ProviderError, sinceMs: number): void {
    const key = keyOf(kind);
    const known = this.#kept.get(key);
    if (error.mark === null || (known ? known.sinceMs >= sinceMs : this.#kept.size >= KEPT_MAX)) return;
    this.#kept.set(key, { error, sinceMs, isTold: false });
  }

  /** With as much of its time as is left; null: nothing is held against it. */
  tell(kind: Kind, nowMs: number): ProviderError | null {
    const late = this.#kept.get(keyOf(kind));
    const { mark = null } = late?.error ?? {};
    if (!late || mark === null || late.isTold || late.sinceMs + mark.ms <= nowMs) return null;
    late.isTold = true;
    const ms = late.sinceMs + mark.ms - nowMs;
    return new ProviderError(late.error.errorClass, `${late.error.message} (said of an earlier machine)`, {
      mark: { ...mark, ms },
    });
  }
}

function keyOf({ region, zones, instanceType, capacityType }: Kind): string {
  return [region, zones.join(), instanceType, capacityType].join(' ').toLowerCase();
}
