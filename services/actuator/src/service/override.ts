import type { Override } from '@forescale/shared/config';
import type { StateBucket } from '@forescale/shared/state';
import { decodeEvent, decodeJson, overrideSchema, parseWire, WireError } from '@forescale/shared/wire';
import { z } from 'zod';
import { encodeStored, readStored } from './stored.ts';

const DAY_MS = 86_400_000;
/** An override is for a while; what is meant for good belongs into the configuration. */
const DURATION_MS_MAX = 31 * DAY_MS;

const storedSchema = z.object({
  minNodes: z.number().int().nullable(),
  maxNodes: z.number().int().nullable(),
  paused: z.boolean(),
  untilMs: z.number(),
  by: z.string(),
  why: z.string(),
});

/** What a user asks for over NATS (bare JSON or a CloudEvent) or HTTP. Throws `WireError`, which names the field. */
export function decodeOverride(bytes: Uint8Array, nowMs: number): Override {
  const raw = decodeJson(bytes);
  const isEvent = typeof raw === 'object' && raw !== null && 'specversion' in raw;
  return checkOverride(isEvent ? decodeEvent(bytes, overrideSchema) : parseWire(raw, overrideSchema), nowMs);
}

function checkOverride(raw: z.output<typeof overrideSchema>, nowMs: number): Override {
  const until = new Date(raw.until).toISOString();
  if (raw.until <= nowMs) throw new WireError(`until = ${until}: allowed: a time to come`);
  if (raw.until > nowMs + DURATION_MS_MAX) throw new WireError(`until = ${until}: allowed: at most 31 days ahead`);
  if (raw.min !== undefined && raw.max !== undefined && raw.min > raw.max)
    throw new WireError(`min = ${raw.min}: allowed: at most max, which is ${raw.max}`);
  return {
    minNodes: raw.min ?? null,
    maxNodes: raw.max ?? null,
    paused: raw.pause ?? false,
    untilMs: raw.until,
    by: raw.by,
    why: raw.why,
  };
}

/** "min 3, max 8, paused until … by … because …" */
export function describeOverride(override: Override): string {
  const parts = [
    override.minNodes === null ? null : `min ${override.minNodes}`,
    override.maxNodes === null ? null : `max ${override.maxNodes}`,
    override.paused ? 'paused' : null,
  ].filter((part) => part !== null);
  const what = parts.length > 0 ? parts.join(', ') : 'nothing overridden';
  return `${what} until ${new Date(override.untilMs).toISOString()}, by ${override.by}: ${override.why}`;
}

/** The override of one pool, kept in the bucket. A new one replaces the one before it as a whole. */
export class OverrideKeeper {
  readonly #state: StateBucket;
  readonly #key: string;
  #known: Override | null = null;

  constructor(state: StateBucket, pool: string) {
    this.#state = state;
    this.#key = `override.${pool}`;
  }

  /** Reads the bucket; an entry that cannot be read is no override. */
  async refresh(): Promise<void> {
    this.#known = (await readStored(this.#state, this.#key, storedSchema)).value;
  }

  /** The override in force, as far as it was read last. */
  lastKnown(nowMs: number): Override | null {
    return this.#known && nowMs < this.#known.untilMs ? this.#known : null;
  }

  /** Resolves once it is durable. */
  async put(override: Override): Promise<void> {
    await this.#state.put(this.#key, encodeStored(override));
    this.#known = override;
  }
}
