import type { Health } from '../store/index.ts';

export interface ReadinessReport {
  readonly ready: boolean;
  /** What is wrong, by part, in words; empty when ready. */
  readonly reasons: Readonly<Record<string, string>>;
}

/** What a service tells `/readyz`: the state of each thing that it depends on, as last seen. */
export class Readiness {
  readonly #reasons = new Map<string, string>();

  set(part: string, health: Health): void {
    if (health.ok) this.#reasons.delete(part);
    else this.#reasons.set(part, health.reason);
  }

  report(): ReadinessReport {
    return { ready: this.#reasons.size === 0, reasons: Object.fromEntries(this.#reasons) };
  }
}
