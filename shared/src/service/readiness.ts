import type { Health } from '../store/index.ts';

export interface ReadinessReport {
  readonly ready: boolean;
  /** What is wrong, by part, in words; empty when ready. */
  readonly reasons: Readonly<Record<string, string>>;
  /** Of a service that elects a leader among its processes. */
  readonly role?: Role;
  /** What else there is to tell, which makes nothing ready or not. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export type Role = 'leader' | 'follower';

/** What a service tells `/readyz`: the state of each thing that it depends on, as last seen or as asked for now. */
export class Readiness {
  readonly #reasons = new Map<string, string>();
  readonly #checks = new Map<string, () => Promise<Health>>();
  #role: Role | null = null;
  readonly #details = new Map<string, () => unknown>();

  set(part: string, health: Health): void {
    if (health.ok) this.#reasons.delete(part);
    else this.#reasons.set(part, health.reason);
  }

  /** Asks `check` at every report, so that an outage shows although no tick runs. It must answer soon and never reject. */
  watch(part: string, check: () => Promise<Health>): void {
    this.#checks.set(part, check);
  }

  /** A follower is as ready as a leader is: it can take over. */
  setRole(role: Role): void {
    this.#role = role;
  }

  /** Adds to every report what `detail` gives then. */
  tell(name: string, detail: () => unknown): void {
    this.#details.set(name, detail);
  }

  async report(): Promise<ReadinessReport> {
    const reasons = Object.fromEntries(this.#reasons);
    const asked = [...this.#checks].map(async ([part, check]) => ({ part, health: await check() }));
    for (const { part, health } of await Promise.all(asked)) if (!health.ok) reasons[part] ??= health.reason;
    return {
      ready: Object.keys(reasons).length === 0,
      reasons,
      ...(this.#role === null ? {} : { role: this.#role }),
      ...(this.#details.size === 0 ? {} : { details: this.#tellAll() }),
    };
  }

  #tellAll(): Record<string, unknown> {
    return Object.fromEntries([...this.#details].map(([name, detail]) => [name, detail()]));
  }
}
