import type { PoolConfig } from '@forescale/shared/config';
import type { ClusterState } from '@forescale/shared/domain';
import { z } from 'zod';
import type { AutoscalerWatch } from './autoscaler-watch.ts';
import { writeClusterEvents } from './cluster-events.ts';
import type { DecisionLog } from './decisions.ts';
import type { ActuatorParts } from './parts.ts';
import { belongs } from './pool-state.ts';
import { isSteered, otherWriters } from './single-writer.ts';
import { encodeStored, readStored } from './stored.ts';

/** What was seen so lately still counts: the taints of an autoscaler at work come and go. */
const HELD_MS = 15 * 60_000;
/** So often it is written down that somebody else is still at work, for whoever leads next. */
const KEPT_EVERY_MS = 5 * 60_000;

const sightingSchema = z.object({ text: z.string().max(2_000), atMs: z.number() });
type Sighting = Readonly<z.output<typeof sightingSchema>>;

/**
 * - `other`: somebody else creates and removes the pool's nodes.
 * - `unknown`: that cannot be said yet.
 */
export interface WriterFinding {
  readonly kind: 'other' | 'unknown';
  /** Who, and what to do about it. */
  readonly text: string;
}

type Parts = Pick<ActuatorParts, 'config' | 'writer' | 'log' | 'state'>;

/** Watches, from term to term, whether a pool's nodes have one writer only, and says when that changes. */
export class WriterWatch {
  readonly #pool: PoolConfig;
  readonly #isGrouped: boolean;
  readonly #autoscalers: AutoscalerWatch;
  readonly #parts: Parts;
  #seen: Sighting | null = null;
  #keptMs = Number.NEGATIVE_INFINITY;
  #beside: string | null = null;

  /** `isGrouped`: see `WriterFacts`. */
  constructor(pool: PoolConfig, isGrouped: boolean, autoscalers: AutoscalerWatch, parts: Parts) {
    this.#pool = pool;
    this.#isGrouped = isGrouped;
    this.#autoscalers = autoscalers;
    this.#parts = parts;
  }

  /** Null: nobody else does, or nobody wants to know. */
  async look(cluster: ClusterState, decisions: DecisionLog, nowMs: number): Promise<WriterFinding | null> {
    if (this.#pool.singleWriter === 'ignore' || isSteered(this.#pool)) return null;
    const nodes = cluster.nodes.filter((node) => belongs(this.#pool, node));
    const { facts, unknown } = await this.#autoscalers.look(nowMs);
    const { owner, beside } = otherWriters(
      this.#pool,
      { nodes, isGrouped: this.#isGrouped, autoscalers: facts },
      nowMs,
    );
    if (beside !== null && beside !== this.#beside)
      this.#parts.log.warn(
        { pool: this.#pool.name },
        `${beside} may answer the same pending pods: taints or node selectors keep them apart`,
      );
    this.#beside = beside;
    // What another process has seen lately counts as well.
    this.#seen ??= await this.#kept(nowMs);
    const before = this.#seen;
    if (owner !== null) this.#seen = { text: inWords(owner), atMs: nowMs };
    else if (before !== null && nowMs - before.atMs >= HELD_MS) this.#seen = null;
    if (this.#pool.mode === 'enforce' && (before === null) !== (this.#seen === null))
      await this.#tell(decisions, nowMs);
    if (owner !== null) await this.#keep(nowMs);
    if (this.#seen !== null) return { kind: 'other', text: this.#seen.text };
    if (unknown === null) return null;
    return { kind: 'unknown', text: `whether its nodes have another writer is not known yet: ${unknown}` };
  }

  /** Null also where the bucket is away: nothing is done then anyway. */
  async #kept(nowMs: number): Promise<Sighting | null> {
    try {
      const { value } = await readStored(this.#parts.state, this.#key, sightingSchema);
      return value !== null && nowMs - value.atMs < HELD_MS ? value : null;
    } catch {
      return null;
    }
  }

  async #keep(nowMs: number): Promise<void> {
    if (this.#seen === null || nowMs - this.#keptMs < KEPT_EVERY_MS) return;
    try {
      await this.#parts.state.put(this.#key, encodeStored(this.#seen));
      this.#keptMs = nowMs;
    } catch (error) {
      this.#parts.log.warn({ err: error, pool: this.#pool.name }, 'that its nodes have another writer is not kept');
    }
  }

  get #key(): string {
    return `writer.${this.#pool.name}`;
  }

  async #tell(decisions: DecisionLog, nowMs: number): Promise<void> {
    const { log, writer, config } = this.#parts;
    const pool = this.#pool.name;
    const hasBegun = this.#seen !== null;
    const text = this.#seen?.text ?? 'its nodes have no other writer any more: mode enforce holds again';
    log[hasBegun ? 'warn' : 'info']({ pool }, text);
    decisions.add({ mode: this.#pool.mode, kind: 'other-writer', target: pool, count: 1, why: text }, nowMs);
    const about = { kind: 'Namespace', name: config.kubernetes.namespace, uid: '' } as const;
    const [type, reason] = hasBegun ? (['Warning', 'OtherWriter'] as const) : (['Normal', 'SingleWriter'] as const);
    await writeClusterEvents(writer, [{ ...about, type, reason, message: `pool ${pool}: ${text}`, timeMs: nowMs }]);
  }
}

function inWords(owner: string): string {
  return (
    `its nodes have another writer, ${owner}: nothing new begins; a selector for nodes of its own, or ` +
    'single_writer: ignore, lets it act; a provider of kind buffer asks the owner for room instead'
  );
}
