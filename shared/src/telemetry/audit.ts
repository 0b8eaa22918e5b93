import type { Log } from './log.ts';

/** Who has changed something, or wanted to. `outcome`: `done`, or why it was not. */
export interface AuditEntry {
  /** What was done, such as `create machine` or `override`. */
  readonly action: string;
  /** To what: a pool, a node, a machine, a pod. */
  readonly target: string;
  /** As far as it is known: a name that somebody gives himself, an actuator. */
  readonly by: string;
  /** By which way it came: `tick`, `nats`, `http 10.0.0.7`, `annotations`. */
  readonly via: string;
  readonly outcome: string;
  readonly why?: string;
  /** What held before it and what holds after it, where that is known. */
  readonly before?: string;
  readonly after?: string;
}

export interface Audit {
  add(entry: AuditEntry): void;
  /** Runs a change and writes down how it ended. */
  during<Result>(entry: Omit<AuditEntry, 'outcome'>, change: () => Promise<Result>): Promise<Result>;
}

const TEXT_CHARS_MAX = 1_000;

/** Lines of the log with `"audit":true`, whatever its level lets through otherwise. */
export function createAudit(log: Log): Audit {
  const lines = log.child({ audit: true }, { level: log.level === 'silent' ? 'silent' : 'info' });
  const add = ({ action, target, by, via, ...told }: AuditEntry) => {
    const said = Object.entries(told).map(([name, text]) => [name, text.slice(0, TEXT_CHARS_MAX)]);
    lines.info({ action, target, by, via, ...Object.fromEntries(said) }, `${action} ${target}`);
  };
  return {
    add,
    async during(entry, change) {
      try {
        const result = await change();
        add({ ...entry, outcome: 'done' });
        return result;
      } catch (error) {
        add({ ...entry, outcome: error instanceof Error ? error.message : String(error) });
        throw error;
      }
    },
  };
}
