import type { Override, PoolConfig } from '@forescale/shared/config';
import type { Forecast } from '@forescale/shared/domain';
import type { PlanData } from '@forescale/shared/wire';
import type { Plan, PlanState } from '../plan/index.ts';
import type { Decision } from './decisions.ts';

/** What the API shows of a pool. */
export interface PoolView {
  /** At the prices that are known now. */
  readonly config: PoolConfig;
  /** Why they are not as new as they should be; null: they are. */
  readonly priceTrouble: string | null;
  /** In force now. */
  readonly override: Override | null;
  /** As last published; null until the pool was planned for the first time. */
  readonly plan: PlanData | null;
  readonly reactiveUsdPerHour: number | null;
  readonly decisions: readonly Decision[];
}

/** A plan with everything that it was made from, besides the pool's configuration and the time. */
export interface Planned {
  readonly state: PlanState;
  readonly forecasts: readonly Forecast[];
  readonly plan: Plan;
}

/** How an override that was taken is answered, over the bus and over HTTP. */
export interface OverrideAnswer {
  readonly ok: true;
  readonly pool: string;
  /** RFC 3339; null where it only ends what was in force. */
  readonly until: string | null;
  /** In words. */
  readonly what: string;
}

/** The part of an actuator that others may look at and speak to. */
export interface ActuatorView {
  pools(nowMs: number): readonly PoolView[];
  /** Puts an override in force, which came `via` such a way; the bytes are a request as on the bus. Rejects with `WireError` or `RangeError`. */
  override(pool: string, bytes: Uint8Array, via: string): Promise<OverrideAnswer>;
}
