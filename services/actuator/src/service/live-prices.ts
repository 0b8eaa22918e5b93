import type { OfferingConfig, PoolConfig, PriceOrigin } from '@forescale/shared/config';
import { rfc3339 } from '@forescale/shared/wire';
import type { Machines } from '../execute/index.ts';
import { offeringId, priceOf, priceWords } from '../plan/index.ts';
import type { ActuatorParts } from './parts.ts';

const EVERY_MS = 60 * 60_000;
const RETRY_MS = 10 * 60_000;
const PATIENCE_MS = 5_000;
/** A price so many times, or so small a part of, that of the table is one of something else: of a month, in cents. */
const FACTOR_MAX = 20;

type LivePriceParts = Pick<ActuatorParts, 'ioClock' | 'log' | 'pricePatienceMs'>;

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
  readonly #parts: LivePriceParts;
  readonly #told = new Map<string, Told>();
  /** By provider, why it has told nothing when it was asked last. */
  readonly #troubles = new Map<string, string>();
  #pool: PoolConfig;
  #dueMs = Number.NEGATIVE_INFINITY;
  #askedMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | null = null;
  readonly #ending = new AbortController();

  constructor(pool: PoolConfig, machines: Pick<Machines, 'pricesOf'>, parts: LivePriceParts) {
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
    const { ioClock, pricePatienceMs = PATIENCE_MS } = this.#parts;
    const waited = ioClock.sleep(pricePatienceMs, patience.signal).catch(() => undefined);
    await Promise.race([this.#asking, waited]);
    patience.abort();
  }

  /** What is under way is told to end; nothing waits for it. */
  stop(): void {
    this.#ending.abort();
  }

  async #ask(nowMs: number): Promise<void> {
    const unsaid = this.#configured.offerings.filter((one) => priceOf(one).source !== 'configured');
    const byProvider = Map.groupBy(unsaid, ({ provider }) => provider);
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
      const prices = await ask(offerings, this.#ending.signal);
      if (prices.length !== offerings.length)
        throw new RangeError(`${prices.length} prices for ${offerings.length} offerings`);
      const price: PriceOrigin = { source: 'live', asOf: rfc3339(nowMs), estimate: false };
      const told = offerings.flatMap((offering, index) => {
        const usdPerHour = prices[index] ?? null;
        return usdPerHour === null ? [] : [{ offering, usdPerHour }];
      });
      const known = told.filter(isCredible);
      for (const { offering, usdPerHour } of known) this.#told.set(offeringId(offering), { usdPerHour, price });
      const odd = told.find((one) => !isCredible(one));
      if (odd)
        log.warn(
          { ...about, offering: offeringId(odd.offering), usdPerHour: odd.usdPerHour },
          `${told.length - known.length} live price(s) are not believed, being far from those of the table`,
        );
      this.#troubles.delete(provider);
      log.info({ ...about, known: known.length, of: offerings.length }, 'live prices');
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

/** Not so: no number, none above 0, or one of something else. */
function isCredible({ offering, usdPerHour }: { offering: OfferingConfig; usdPerHour: number }): boolean {
  const expected = offering.usdPerHour;
  return usdPerHour > 0 && usdPerHour >= expected / FACTOR_MAX && usdPerHour <= expected * FACTOR_MAX;
}
