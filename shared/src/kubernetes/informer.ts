import type { KubeConfig } from '@kubernetes/client-node';
import type { Log } from '../telemetry/index.ts';
import type { Clock, Random } from '../time/index.ts';
import { backoffMs } from './backoff.ts';
import { KubernetesRefusedError, KubernetesUnavailableError } from './errors.ts';
import { GONE, listPages, newestVersion, PAGE_SIZE } from './list.ts';
import { Mirror, parseVersion } from './mirror.ts';
import { watchFrom } from './watch.ts';

/** How long a reader waits for the watch to tell more, before it lists. Events take milliseconds. */
const CATCH_UP_MS = 1_000;
/** One that goes on telling is waited for this long in all: a list of 150,000 pods takes longer. */
const CATCH_UP_MS_MAX = 10_000;
/** A watch that told nothing for longer is of a quiet kind, or half open: nobody need wait to hear from it. */
const TALKATIVE_MS = 5_000;
/** A watch lives from 5 to 10 minutes, at random, so that not all end at once. */
const WATCH_SECONDS_MIN = 300;
/** Whatever ends a watch sooner may do so again at once. */
const SHORT_WATCH_MS = 1_000;

export interface InformerParts {
  readonly kube: KubeConfig;
  /** The time that connections take. */
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** A kind that fits on one page of so many objects is listed: asking for its version would cost as much. */
  readonly pageSize?: number;
}

/**
 * The objects of one kind, kept up to date by a watch for as long as there are more of them than a page takes.
 *
 * The watch may lag, break or be silent at any time, so it is never believed by itself: `fresh` asks the server for
 * the newest version first, and takes the copy only once it has come that far.
 */
export class Informer<T> {
  readonly #path: string;
  readonly #mirror: Mirror<T>;
  readonly #parts: InformerParts;
  readonly #closed = new AbortController();
  /** The watch at hand; aborting it begins the next one. Null while none is open. */
  #watch: AbortController | null = null;
  #following = false;
  /** Since a watch last told something. */
  #failures = 0;
  #heardMs = Number.NEGATIVE_INFINITY;
  #waiting = new Set<() => void>();
  #listing: Promise<void> | null = null;
  #nextListing: Promise<void> | null = null;
  #broken = false;

  constructor(path: string, kind: string, parse: (raw: unknown) => T, parts: InformerParts) {
    this.#path = path;
    this.#mirror = new Mirror(kind, parse);
    this.#parts = parts;
  }

  /** All objects, as they are at this call or later. Rejects when the server does not say how they are. */
  async fresh(): Promise<readonly T[]> {
    if (!this.#following || !(await this.#isCaughtUp())) await this.#listAnew();
    if (!this.#following && this.#mirror.size > this.#pageSize) {
      this.#following = true;
      void this.#follow();
    }
    return this.#mirror.values();
  }

  close(): void {
    this.#closed.abort();
  }

  get #pageSize(): number {
    return this.#parts.pageSize ?? PAGE_SIZE;
  }

  async #isCaughtUp(): Promise<boolean> {
    const { kube, clock } = this.#parts;
    const before = this.#mirror.version;
    const newest = parseVersion(this.#path, await newestVersion(kube, this.#path, clock));
    return !this.#wasSetBack(before, newest) && (await this.#reaches(newest));
  }

  /** Versions never shrink, unless the server was set back to an older state, such as a backup. */
  #wasSetBack(before: number | null, version: number): boolean {
    if (before === null || version >= before) return false;
    this.#mirror.forget();
    this.#drop('the server was set back to an older state');
    return true;
  }

  /** Ends the watch at hand; the next one begins where the copy is then. */
  #drop(why: string): void {
    if (this.#watch === null) return;
    this.#watch.abort();
    this.#tell(new Error(why));
  }

  /** Whether the copy is, or soon comes, as far as `version`. */
  async #reaches(version: number): Promise<boolean> {
    const { clock } = this.#parts;
    const isThere = () => this.#mirror.version !== null && this.#mirror.version >= version;
    const isQuiet = this.#watch === null || clock.nowMs() - this.#heardMs > TALKATIVE_MS;
    if (isThere() || isQuiet) return isThere();
    const sinceMs = clock.nowMs();
    while (!isThere() && this.#watch !== null && clock.nowMs() - sinceMs < CATCH_UP_MS_MAX)
      if (!(await this.#hears(CATCH_UP_MS))) break;
    return isThere();
  }

  /** Whether something is told, or ends, within so long. */
  async #hears(ms: number): Promise<boolean> {
    const heard = new AbortController();
    const wake = () => heard.abort();
    this.#waiting.add(wake);
    await this.#parts.clock.sleep(ms, heard.signal);
    this.#waiting.delete(wake);
    return heard.signal.aborted;
  }

  /** Resolves once a list that began after this call is taken over; calls that come meanwhile share the next one. */
  #listAnew(): Promise<void> {
    this.#nextListing ??= this.#afterPresentListing();
    return this.#nextListing;
  }

  async #afterPresentListing(): Promise<void> {
    await this.#listing?.catch(() => undefined);
    this.#listing = this.#nextListing;
    this.#nextListing = null;
    await this.#list();
  }

  async #list(): Promise<void> {
    const { kube, clock } = this.#parts;
    const before = this.#mirror.version;
    const list = this.#mirror.beginList();
    const text = await listPages(kube, this.#path, clock, (items) => list.add(items), this.#pageSize);
    const version = parseVersion(this.#path, text);
    if (this.#wasSetBack(before, version)) return await this.#list();
    // What a list shows and the watch has not told in time, it may never tell: half open, or far behind.
    if (list.takeOver(version)) this.#drop('a list shows what it has not told');
    this.#wake();
  }

  /** Watch after watch until closed; what breaks one is waited out. */
  async #follow(): Promise<void> {
    const { clock, random } = this.#parts;
    while (!this.#closed.signal.aborted) {
      const beganMs = clock.nowMs();
      let retryAfterMs: number | null = null;
      try {
        if (this.#mirror.version === null) await this.#listAnew();
        await this.#watchOnce();
        if (clock.nowMs() - beganMs >= SHORT_WATCH_MS) continue;
        this.#failures++;
      } catch (error) {
        if (this.#closed.signal.aborted) return;
        this.#failures++;
        // Anything else is gone on from where it broke: what was told until then holds.
        if (error instanceof KubernetesRefusedError && error.status === GONE) this.#mirror.invalidate();
        if (error instanceof KubernetesUnavailableError) retryAfterMs = error.retryAfterMs;
        this.#tell(error);
      }
      await clock.sleep(backoffMs(this.#failures, retryAfterMs, random), this.#closed.signal);
    }
  }

  /** One watch, to its end. */
  async #watchOnce(): Promise<void> {
    const { kube, clock, random } = this.#parts;
    const version = this.#mirror.version;
    if (version === null) return;
    const watch = new AbortController();
    try {
      const events = watchFrom({
        kube,
        path: this.#path,
        version,
        timeoutSeconds: WATCH_SECONDS_MIN + random.below(WATCH_SECONDS_MIN),
        clock,
        signal: AbortSignal.any([watch.signal, this.#closed.signal]),
        onOpen: () => {
          this.#watch = watch;
        },
      });
      for await (const batch of events) {
        for (const event of batch) this.#mirror.apply(event);
        this.#failures = 0;
        this.#heardMs = clock.nowMs();
        this.#tell(null);
        this.#wake();
      }
    } catch (error) {
      // Dropped by ourselves is no failure.
      if (!watch.signal.aborted) throw error;
    } finally {
      this.#watch = null;
      this.#wake();
    }
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Once when it breaks, once when it is whole again: reading goes on by lists in between. */
  #tell(error: unknown): void {
    const broken = error !== null;
    if (broken === this.#broken) return;
    this.#broken = broken;
    const { log } = this.#parts;
    if (error === null) log.info(`watch ${this.#path}: back`);
    else log.warn(`watch ${this.#path} is broken, lists are read meanwhile: ${(error as Error).message}`);
  }
}
