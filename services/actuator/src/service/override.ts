import type { Override } from '@forescale/shared/config';
import { type StateBucket, StateUnavailableError } from '@forescale/shared/state';
import { checkOverrideEnd, decodeEvent, decodeJson, overrideSchema, parseWire, rfc3339 } from '@forescale/shared/wire';
import { z } from 'zod';
import { encodeStored, readStored } from './stored.ts';

const storedSchema = z.object({
  minNodes: z.number().int().nullable(),
  maxNodes: z.number().int().nullable(),
  paused: z.boolean(),
  untilMs: z.number(),
  by: z.string(),
  why: z.string(),
});

/** What a request changes: undefined stays as it is, null ends. Pause and bounds each have their own end and reason. */
export interface OverrideRequest {
  readonly pause: Override | null | undefined;
  readonly bounds: Override | null | undefined;
  /** Null: it only ends what is in force. */
  readonly untilMs: number | null;
  readonly by: string;
  readonly why: string;
}

/** What a user asks for over NATS (bare JSON or a CloudEvent) or HTTP. Throws `WireError`, which names the field. */
export function decodeOverride(bytes: Uint8Array, nowMs: number): OverrideRequest {
  const raw = decodeJson(bytes);
  const isEvent = typeof raw === 'object' && raw !== null && 'specversion' in raw;
  return requestOf(isEvent ? decodeEvent(bytes, overrideSchema) : parseWire(raw, overrideSchema), nowMs);
}

function requestOf(raw: z.output<typeof overrideSchema>, nowMs: number): OverrideRequest {
  const { min, max, pause, until, by, why } = raw;
  const untilMs = until ?? null;
  if (untilMs !== null) checkOverrideEnd(untilMs, nowMs);
  const base = { minNodes: null, maxNodes: null, paused: false, untilMs: untilMs ?? nowMs, by, why };
  const namesBounds = min !== undefined || max !== undefined;
  const bounds = { ...base, minNodes: min ?? null, maxNodes: max ?? null };
  return {
    pause: pause === undefined ? undefined : pause ? { ...base, paused: true } : null,
    bounds: !namesBounds ? undefined : bounds.minNodes === null && bounds.maxNodes === null ? null : bounds,
    untilMs,
    by,
    why,
  };
}

/** "paused, min 3, max 8 until …, by …: …" */
export function describeRequest({ pause, bounds, untilMs, by, why }: OverrideRequest): string {
  const parts = [
    ...(pause === undefined ? [] : [pause === null ? 'resumed' : 'paused']),
    ...(bounds === null ? ['bounds as configured'] : boundsOf(bounds)),
  ];
  const until = pause || bounds ? ` until ${rfc3339(untilMs ?? 0)}` : '';
  return `${parts.join(', ')}${until}, by ${by}: ${why}`;
}

/** "paused, min 3, max 8": what holds, whoever asked for it. */
export function describeOverride(held: Override | null): string {
  return [...(held?.paused ? ['paused'] : []), ...boundsOf(held)].join(', ') || 'none';
}

function boundsOf(bounds: Override | null | undefined): string[] {
  const { minNodes = null, maxNodes = null } = bounds ?? {};
  return [...(minNodes === null ? [] : [`min ${minNodes}`]), ...(maxNodes === null ? [] : [`max ${maxNodes}`])];
}

/** For whoever resumes a pool that somebody else has paused as well. */
export function stillPaused({ pause }: OverrideRequest, held: Override | null): string {
  return pause === null && held?.paused ? `; still paused by ${held.by}: ${held.why}` : '';
}

/**
 * What holds at `nowMs` of several overrides, those that take precedence first: a pause by any of them pauses; `min`
 * and `max` are each of the first that states it. It names the one that pauses, else those that bound; and it is good
 * until the first of what it is made of ends, when it has to be made anew.
 */
export function combineOverrides(overrides: readonly Override[], nowMs: number): Override | null {
  const held = overrides.filter((one) => nowMs < one.untilMs);
  const pause = held.find((one) => one.paused);
  const min = held.find((one) => one.minNodes !== null);
  const max = held.find((one) => one.maxNodes !== null);
  const used = [...new Set([pause, min, max])].filter((one) => one !== undefined);
  if (used.length === 0) return null;
  const named = pause ? [pause] : used;
  return {
    minNodes: min?.minNodes ?? null,
    maxNodes: max?.maxNodes ?? null,
    paused: pause !== undefined,
    untilMs: Math.min(...used.map((one) => one.untilMs)),
    by: [...new Set(named.map((one) => one.by))].join(', '),
    why: [...new Set(named.map((one) => one.why))].join('; '),
  };
}

/** What was asked for one pool over NATS or HTTP, kept in the bucket: its pause and its bounds. */
export class OverrideKeeper {
  readonly #state: StateBucket;
  readonly #keys: { readonly pause: string; readonly bounds: string };
  #known: { readonly pause: Override | null; readonly bounds: Override | null } = { pause: null, bounds: null };
  /** How often each was written here: a reading that began before is older. */
  readonly #writes = { pause: 0, bounds: 0 };

  constructor(state: StateBucket, pool: string) {
    this.#state = state;
    this.#keys = { pause: `pause.${pool}`, bounds: `override.${pool}` };
  }

  /** Reads the bucket; an entry that cannot be read is no override. */
  async refresh(): Promise<void> {
    const before = { ...this.#writes };
    const [pause, bounds] = await Promise.all([
      readStored(this.#state, this.#keys.pause, storedSchema),
      readStored(this.#state, this.#keys.bounds, storedSchema),
    ]);
    this.#known = {
      pause: before.pause === this.#writes.pause ? pause.value : this.#known.pause,
      bounds: before.bounds === this.#writes.bounds ? bounds.value : this.#known.bounds,
    };
  }

  /** As they were read last, over or not. */
  get lastKnown(): readonly Override[] {
    return [this.#known.pause, this.#known.bounds].filter((one) => one !== null);
  }

  /** Resolves once it is durable. Where only the pause is, the error says so. */
  async apply(request: OverrideRequest): Promise<void> {
    const { pause, bounds } = await this.#parted(request);
    if (pause !== undefined) await this.#write('pause', pause);
    if (bounds === undefined) return;
    try {
      await this.#write('bounds', bounds);
    } catch (error) {
      if (pause === undefined || !(error instanceof StateUnavailableError)) throw error;
      throw new StateUnavailableError(`the pause holds as asked, the bounds do not: ${error.message}`, {
        cause: error,
      });
    }
  }

  /** Older versions kept pause and bounds as one entry: whoever changes one of them parts them. */
  async #parted({ pause, bounds }: OverrideRequest): Promise<Pick<OverrideRequest, 'pause' | 'bounds'>> {
    const { value } = await readStored(this.#state, this.#keys.bounds, storedSchema);
    if (!value?.paused) return { pause, bounds };
    const keepsPause = pause === undefined && this.#known.pause === null;
    const hasBounds = value.minNodes !== null || value.maxNodes !== null;
    return {
      pause: keepsPause ? { ...value, minNodes: null, maxNodes: null } : pause,
      bounds: bounds !== undefined ? bounds : hasBounds ? { ...value, paused: false } : null,
    };
  }

  async #write(part: 'pause' | 'bounds', override: Override | null): Promise<void> {
    if (override === null) await this.#state.delete(this.#keys[part]);
    else await this.#state.put(this.#keys[part], encodeStored(override));
    this.#writes[part]++;
    this.#known = { ...this.#known, [part]: override };
  }
}
