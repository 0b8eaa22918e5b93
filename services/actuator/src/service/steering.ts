import { isDeepStrictEqual } from 'node:util';
import type { Override } from '@forescale/shared/config';
import { KubernetesRefusedError } from '@forescale/shared/kubernetes';
import type { Health } from '@forescale/shared/store';
import type { Audit } from '@forescale/shared/telemetry';
import { combineOverrides, describeOverride, OverrideKeeper, type OverrideRequest } from './override.ts';
import type { ActuatorParts } from './parts.ts';
import { notesName, type PoolNotes, readPoolNotes, unreadNotes } from './pool-notes.ts';

type SteeringParts = Pick<ActuatorParts, 'state' | 'surroundings' | 'config' | 'log'> & { readonly audit: Audit };

const NO_NOTES: PoolNotes = { override: null, troubles: [] };

/**
 * What operators have put in force for one pool, wherever they did: a pause over NATS or HTTP, bounds over the same,
 * and annotations of a ConfigMap, in this order of precedence.
 */
export class Steering {
  readonly #pool: string;
  readonly #parts: SteeringParts;
  readonly #keeper: OverrideKeeper;
  #notes = NO_NOTES;
  /** Whether they were read since the start, or shown to be nobody's business: until then they may say anything. */
  #areKnown = false;
  #said = '';
  /** As the audit has told it last. */
  #told: Override | null = null;

  constructor(pool: string, parts: SteeringParts) {
    this.#pool = pool;
    this.#parts = parts;
    this.#keeper = new OverrideKeeper(parts.state, pool);
  }

  /** As far as both were read last. */
  inForce(nowMs: number): Override | null {
    const { override } = this.#notes;
    return combineOverrides([...this.#keeper.lastKnown, ...(override ? [override] : [])], nowMs);
  }

  /** Rejects when the bucket cannot be read. */
  refresh(): Promise<void> {
    return this.#keeper.refresh();
  }

  apply(request: OverrideRequest): Promise<void> {
    return this.#keeper.apply(request);
  }

  /**
   * Reads the annotations anew; while they cannot be read those of before hold, and where there are none of before the
   * pool is paused. Whoever may not read them steers by NATS or HTTP: that is told once and makes nothing unready.
   */
  async readNotes(nowMs: number): Promise<Health> {
    const { surroundings, config } = this.#parts;
    if (!surroundings) return { ok: true };
    const { namespace } = config.kubernetes;
    const name = notesName(this.#pool);
    const where = `ConfigMap ${namespace}/${name}`;
    let health: Health = { ok: true };
    try {
      const annotations = await surroundings.annotations(namespace, name);
      this.#notes = annotations ? readPoolNotes(annotations, where, nowMs) : NO_NOTES;
      this.#areKnown = true;
      this.#tell(where);
      if (this.#notes.troubles.length > 0) health = { ok: false, reason: this.#notes.troubles.join('; ') };
      this.#say(health.ok ? '' : health.reason);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const reason = `${where} cannot be read: ${why}`;
      this.#say(reason);
      const isForbidden = error instanceof KubernetesRefusedError && error.status === 403;
      if (!this.#areKnown) this.#notes = isForbidden ? NO_NOTES : unreadNotes(where, why);
      if (isForbidden) this.#areKnown = true;
      else health = { ok: false, reason };
    }
    return health;
  }

  /** Who took annotations away, only the cluster's own audit knows. */
  #tell(where: string): void {
    const { override } = this.#notes;
    if (isDeepStrictEqual(override, this.#told)) return;
    const [before, after] = [describeOverride(this.#told), describeOverride(override)];
    this.#told = override;
    const asked = override ? { by: override.by, why: override.why } : { by: where };
    const entry = { action: 'override', target: this.#pool, via: 'annotations', outcome: 'done' };
    this.#parts.audit.add({ ...entry, ...asked, before, after });
  }

  /** Once, until it is something else. */
  #say(trouble: string): void {
    if (trouble !== '' && trouble !== this.#said) this.#parts.log.warn({ pool: this.#pool }, trouble);
    this.#said = trouble;
  }
}
