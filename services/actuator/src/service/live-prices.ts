import type { OfferingConfig, PoolConfig, PriceOrigin } from '@forescale/shared/config';
import type { Log } from '@forescale/shared/telemetry';
import type { Clock } from '@forescale/shared/time';
import { rfc3339 } from '@forescale/shared/wire';
import type { Machines } from '../execute/index.ts';
import { offeringId, priceOf, priceWords } from '../plan/index.ts';

const EVERY_MS = 60 * 60_000;
const RETRY_MS = 10 * 60_000;
/** So long a tick waits for prices; what comes later counts from the next one on. */
const PATIENCE_MS = 5_000;
const USD_MAX = 10_000;

interface Told {
  readonly usdPerHour: number;
  readonly price: PriceOrigin;
}

/**
 * A pool with the prices that its providers tell: asked for at the start and every hour, of all offerings whose price the
 * configuration does not say. What a provider does not know, or not now, keeps the last price known.
 */
export class LivePrices {
  readonly #configured: PoolConfig;
  readonly #machines: Pick<Machines, 'pricesOf'>;
  readonly #parts: { readonly ioClock: Clock; readonly log: Log };
  readonly #told = new Map<string, Told>();
  /** By provider, why it has told nothing when it was asked last. */
  readonly #troubles = new Map<string, string>();
  #pool: PoolConfig;
  #dueMs = Number.NEGATIVE_INFINITY;
  #askedMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | null = null;

  constructor(
    pool: PoolConfig,
    machines: Pick<Machines, 'pricesOf'>,
    parts: { readonly ioClock: Clock; readonly log: Log },
  ) {
    this.#configured = pool;
    this.#pool = pool;
    this.#machines = machines;
    this.#parts = parts;
  }

  /** As configured, with the newest prices. The same object until there are others. */
  get pool(): PoolConfig {
    return this.#pool;
  }

  /** Why prices are not as new as they should be, in words; null: they are. */
  get trouble(): string | null {
    return this.#troubles.size === 0 ? null : [...this.#troubles.values()].join('; ');
  }

  /** Asks where that is due, and waits a little for the answer. Never rejects. */
  async refresh(nowMs: number): Promise<void> {
    // A clock that was set back does not put it off.
    const isDue = nowMs >= this.#dueMs || nowMs < this.#askedMs;
    if (isDue && this.#asking === null) {
      this.#askedMs = nowMs;
      this.#dueMs = nowMs + EVERY_MS;
      this.#asking = this.#ask(nowMs).finally(() => {
        this.#asking = null;
      });
    }
    if (this.#asking === null) return;
    const patience = new AbortController();
    const waited = this.#parts.ioClock.sleep(PATIENCE_MS, patience.signal).catch(() => undefined);
    await Promise.race([this.#asking, waited]);
    patience.abort();
  }

  async #ask(nowMs: number): Promise<void> {
    const open = this.#configured.offerings.filter((one) => priceOf(one).source !== 'configured');
    const byProvider = Map.groupBy(open, ({ provider }) => provider);
    await Promise.all([...byProvider].map(([provider, offerings]) => this.#askOne(provider, offerings, nowMs)));
    if (this.#told.size === 0) return;
    const offerings = this.#configured.offerings.map((one) => {
      const told = this.#told.get(offeringId(one));
      return told ? { ...one, ...told } : one;
    });
    this.#pool = { ...this.#configured, offerings };
  }

  async #askOne(provider: string, offerings: readonly OfferingConfig[], nowMs: number): Promise<void> {
    const ask = this.#machines.pricesOf(provider);
    if (ask === null) return;
    const { log } = this.#parts;
    const about = { pool: this.#configured.name, ...(provider !== '' && { provider }) };
    try {
      const prices = await ask(offerings);
      if (prices.length !== offerings.length)
        throw new RangeError(`${prices.length} prices for ${offerings.length} offerings`);
      const price: PriceOrigin = { source: 'live', asOf: rfc3339(nowMs), estimate: false };
      let known = 0;
      for (const [index, usdPerHour] of prices.entries()) {
        if (usdPerHour === null || !(usdPerHour > 0 && usdPerHour <= USD_MAX)) continue;
        this.#told.set(offeringId(offerings[index] as OfferingConfig), { usdPerHour, price });
        known++;
      }
      this.#troubles.delete(provider);
      log.info({ ...about, known, of: offerings.length }, 'live prices');
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const last = priceWords(
        priceOf(this.#pool.offerings.find((one) => one.provider === provider) ?? (offerings[0] as OfferingConfig)),
      );
      this.#troubles.set(provider, `prices are not told${provider === '' ? '' : ` by ${provider}`}: ${why}`);
      this.#dueMs = Math.min(this.#dueMs, nowMs + RETRY_MS);
      log.warn(about, `live prices cannot be read, the last ones known hold (${last}): ${why}`);
    }
  }
}
