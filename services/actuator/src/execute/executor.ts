import type { OfferingConfig, PoolConfig } from '@forescale/shared/config';
import type { ClusterState } from '@forescale/shared/domain';
import type { ClusterWriter } from '@forescale/shared/kubernetes';
import type { StateBucket } from '@forescale/shared/state';
import type { Health } from '@forescale/shared/store';
import type { Clock, Random } from '@forescale/shared/time';
import type { Held, Interruption, PlaceholderSize } from '../providers/port.ts';
import { type ExecuteContext, type Failure, type NodeEvent, type Permission, reasonOf } from './context.ts';
import { beginDrain, cancelDrain, drainStep } from './drain.ts';
import { claimMembers, isOpen } from './groups.ts';
import { holdRoom } from './hold-room.ts';
import { Journal } from './journal.ts';
import type { Listing, Machines, Room } from './machines.ts';
import { Notices } from './notices.ts';
import { provision } from './provision.ts';
import { isQueued, type NodeRecord } from './record.ts';
import { beginRemoval, removeStep } from './remove.ts';
import { renameProviders } from './renamed-providers.ts';
import { newRecord, stillLeads } from './request.ts';
import { settle } from './settle.ts';
import { type Sightings, sweep } from './sweep.ts';

const SWEEP_EVERY_MS = 5 * 60_000;
/** So much of a tick may pass with calls that wait for their turn: what comes up meanwhile is seen by the next one. */
const SEND_SHARE = 0.8;
/** Before a reclaimed machine goes, its pods must have gone: what is left then is deleted with it. */
const RECLAIM_MARGIN_MS = 5_000;
const CONTROL_PLANE_LABELS = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

/** What planning may ask for. `nodeName` and `requestId` name records of the journal. */
export type Order =
  | { readonly kind: 'create'; readonly offering: OfferingConfig; readonly count: number; readonly why: string }
  | { readonly kind: 'drain'; readonly nodeName: string; readonly why: string; readonly force: boolean }
  | { readonly kind: 'cancel-drain'; readonly nodeName: string; readonly why: string }
  | { readonly kind: 'cancel-start'; readonly requestId: string; readonly why: string }
  | {
      readonly kind: 'headroom';
      readonly replicas: number;
      readonly size: PlaceholderSize;
      readonly why: string;
    };

/** What a round of execution has to tell. */
export interface News {
  readonly events: NodeEvent[];
  readonly failures: Failure[];
  /** What is wrong, in words. */
  readonly troubles: string[];
}

export interface ExecutorParts {
  readonly pool: PoolConfig;
  readonly machines: Machines;
  readonly writer: ClusterWriter;
  readonly state: StateBucket;
  readonly clock: Clock;
  readonly random: Random;
  readonly tickMs: number;
  /** See `ExecuteContext`. */
  readonly isCurrent: () => Promise<boolean>;
  readonly mayBegin: () => boolean;
}

function partition<T>(all: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] {
  const { first = [], second = [] } = Object.groupBy(all, (one) => (isFirst(one) ? 'first' : 'second'));
  return [first, second];
}

function reclaimDeadlineMs(reclaimMs: number, nowMs: number): number {
  return Math.max(nowMs, Math.floor(reclaimMs) - RECLAIM_MARGIN_MS);
}

/** Carries out one pool's plans. All that must survive a crash is in the journal. */
export class Executor {
  readonly #parts: ExecutorParts;
  readonly #journal: Journal;
  #news: News = { events: [], failures: [], troubles: [] };
  #sightings: Sightings = { unknown: new Map(), missing: new Map() };
  #sweptMs = Number.NEGATIVE_INFINITY;
  #sweepDue = false;
  /** A listing that waits to be compared with a picture of the cluster that was taken after it. */
  #listed: Listing | null = null;
  /** Nodes that planning has been told of. */
  #counted = new Set<string>();
  readonly #notices = new Notices();
  #held: Held | null = null;
  /** Requests whose machines are taken back, and of which that was told. */
  #noticed: ReadonlySet<string> = new Set();

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
    this.#journal = new Journal(parts.state, parts.pool.name);
  }

  /** The placeholders of the pool, null where they could not be read; undefined: it has machines instead. */
  get held(): Held | null | undefined {
    return this.#parts.machines.room === null ? undefined : this.#held;
  }

  get records(): readonly NodeRecord[] {
    return this.#journal.records();
  }

  /**
   * What is said of machines, by request id: when they are taken back (`reclaim`), since when they are thought to be at
   * risk (`rebalance`).
   */
  noticedMs(kind: Interruption['kind']): ReadonlyMap<string, number> {
    const times = new Map<string, number>();
    for (const record of this.records) {
      const timeMs = this.#notices.timeMs(kind, record);
      if (timeMs !== null) times.set(record.requestId, timeMs);
    }
    return times;
  }

  /** Another actuator may have acted: the journal is read anew before anything else is done. */
  forget(): void {
    this.#journal.forget();
  }

  /** What happened since the last call. */
  takeNews(): News {
    const news = this.#news;
    this.#news = { events: [], failures: [], troubles: [] };
    return news;
  }

  /**
   * Asks the provider for notices and, every 5 min, first of all, and while members of groups are waited for, for its machines. To be called before the
   * cluster is read. Resolves to whether it answers; one that does not is no reason to stop.
   */
  async look(clusterTag: string, nowMs: number): Promise<Health> {
    const { machines } = this.#parts;
    if (machines.room !== null) return await this.#lookAtRoom(machines.room);
    const sinceMs = nowMs - this.#sweptMs;
    // Less than 0: the clock was set back.
    this.#sweepDue = sinceMs < 0 || sinceMs >= SWEEP_EVERY_MS;
    const due = this.#sweepDue || this.records.some((record) => isOpen({ machines }, record));
    const [notices, listed] = await Promise.allSettled([
      machines.interruptions(clusterTag),
      due ? machines.list(clusterTag) : null,
    ]);
    if (notices.status === 'fulfilled') this.#notices.hear(notices.value);
    this.#listed = listed.status === 'fulfilled' ? listed.value : null;
    const failed = [notices, listed].find((one) => one.status === 'rejected');
    if (failed) return { ok: false, reason: reasonOf(failed.reason) };
    const [silent] = this.#listed?.silent ?? [];
    return silent ? { ok: false, reason: `${silent[0]}: ${reasonOf(silent[1])}` } : { ok: true };
  }

  async #lookAtRoom(room: Room): Promise<Health> {
    this.#held = null;
    try {
      this.#held = await room.read(this.#parts.pool.name);
    } catch (error) {
      return { ok: false, reason: reasonOf(error) };
    }
    const { problem } = this.#held;
    return problem === null ? { ok: true } : { ok: false, reason: problem };
  }

  /** Makes sure that `records` is what the bucket says. Rejects when that cannot be read: then nothing may be decided. */
  load(): Promise<void> {
    return this.#journal.load();
  }

  /**
   * Moves everything that is under way one step on. Rejects when the journal cannot be read: then nothing may be done.
   * Each part may leave it unread, by a write that failed, and the next one, or planning, would take it for empty.
   */
  async settle(clusterTag: string, cluster: ClusterState, permission: Permission, nowMs: number): Promise<void> {
    if (this.#listed !== null) await this.#journal.checkKeys();
    await this.load();
    const context = this.#context(clusterTag, nowMs);
    if (this.#listed !== null) {
      try {
        await renameProviders(context, this.#listed.machines);
        await claimMembers(context, this.#listed.machines, cluster, nowMs);
        if (this.#sweepDue) {
          this.#sightings = await sweep(context, this.#listed, cluster, this.#sightings, permission, nowMs);
          this.#sweptMs = nowMs;
        }
      } catch (error) {
        context.onTrouble(`comparing machines: ${reasonOf(error)}`);
      }
      this.#listed = null;
    }
    await this.load();
    this.#notices.see(this.records, cluster, nowMs);
    await this.#heed(context, permission, nowMs);
    await this.load();
    await settle(context, cluster, permission, nowMs);
    await this.load();
    this.#counted = new Set(this.records.map((record) => record.requestId));
  }

  /**
   * Carries out a plan, all of it at once. The single point of actuation: without permission nothing is done, and with
   * less than all of it only what is emptied because its provider takes it back.
   */
  async perform(
    clusterTag: string,
    planned: readonly Order[],
    generation: number,
    cluster: ClusterState,
    permission: Permission,
    nowMs: number,
  ): Promise<void> {
    const orders = planned.filter((order) => this.#isPermitted(order, permission));
    const isAnyQueued = permission === 'all' && this.records.some(isQueued);
    if (orders.length === 0 && !isAnyQueued) return;
    const context = this.#context(clusterTag, nowMs);
    if (!(await stillLeads(context))) return;
    // First, so that they are not asked for.
    const [unasked, others] = partition(orders, (order) => this.#isUnasked(order));
    await this.#changeAll(context, unasked, cluster, nowMs);
    const wanted = orders.flatMap((order) =>
      order.kind === 'create'
        ? Array.from({ length: order.count }, () =>
            newRecord(context, order.offering, generation, order.why, nowMs, this.#parts.random),
          )
        : [],
    );
    for (const { requestId } of wanted) this.#counted.add(requestId);
    const isOn = permission === 'all';
    await Promise.all([
      isOn ? provision(context, wanted, nowMs) : null,
      this.#holdRoom(context, orders, generation, nowMs),
      this.#changeAll(context, others, cluster, nowMs),
    ]);
  }

  async #holdRoom(context: ExecuteContext, orders: readonly Order[], generation: number, nowMs: number): Promise<void> {
    const { room } = this.#parts.machines;
    const order = orders.find((one) => one.kind === 'headroom');
    if (order === undefined || room === null) return;
    // The numbers of plans begin anew where the bucket was lost, and what the plans before it wrote is still there.
    const newest = Math.max(generation, this.#held?.generation ?? 0);
    const held = await holdRoom(context, room, order, newest, nowMs);
    if (held !== null) this.#held = held;
  }

  /** Of a machine that nobody has been asked for yet. */
  #isUnasked(order: Order): boolean {
    return (
      order.kind === 'cancel-start' && this.records.some((one) => one.requestId === order.requestId && isQueued(one))
    );
  }

  async #changeAll(
    context: ExecuteContext,
    orders: readonly Order[],
    cluster: ClusterState,
    nowMs: number,
  ): Promise<void> {
    await Promise.all(
      orders.map(async (order) => {
        try {
          if (order.kind !== 'create' && order.kind !== 'headroom') await this.#change(context, order, cluster, nowMs);
        } catch (error) {
          context.onTrouble(`${order.kind}: ${reasonOf(error)}`);
        }
      }),
    );
  }

  #isPermitted(order: Order, permission: Permission): boolean {
    if (permission === 'all' || permission === 'nothing') return permission === 'all';
    if (order.kind !== 'drain' || !order.force) return false;
    return this.records.some((one) => one.nodeName === order.nodeName && this.#isReclaimed(one));
  }

  #isReclaimed(record: NodeRecord): boolean {
    return this.#notices.timeMs('reclaim', record) !== null;
  }

  async #change(
    context: ExecuteContext,
    order: Exclude<Order, { kind: 'create' | 'headroom' }>,
    cluster: ClusterState,
    nowMs: number,
  ): Promise<void> {
    const name = order.kind === 'cancel-start' ? order.requestId : order.nodeName;
    const record = this.records.find((one) => one.requestId === name || one.nodeName === name);
    if (!record) return context.onTrouble(`${order.kind} ${name}: no machine of ours is known by this name`);
    if (order.kind === 'cancel-drain') {
      if (record.state === 'draining') await cancelDrain(context, record);
    } else if (order.kind === 'cancel-start') {
      if (record.state === 'ready' || record.state === 'draining' || record.state === 'removing') return;
      if (isQueued(record)) return await this.#journal.remove(record.requestId);
      const removing = await beginRemoval(context, record, { failed: false, why: order.why }, nowMs);
      await removeStep(context, removing, cluster, nowMs);
    } else if (record.state === 'ready') {
      const node = cluster.nodes.find((one) => one.name === name);
      if (node && CONTROL_PLANE_LABELS.some((label) => label in node.labels))
        return context.onTrouble(`drain ${name}: refused, it is of the control plane`);
      const reclaimMs = this.noticedMs('reclaim').get(record.requestId);
      const deadlineMs =
        reclaimMs === undefined ? nowMs + this.#parts.pool.scaleDown.drainGraceMs : reclaimDeadlineMs(reclaimMs, nowMs);
      const { force, why } = order;
      const drain = { deadlineMs, force, repair: force && reclaimMs === undefined, why };
      const draining = await beginDrain(context, record, drain, nowMs);
      await drainStep(context, draining, cluster, nowMs);
    }
  }

  /**
   * Tells of machines that their provider takes back, once each; what to do about them is for planning to say. A drain
   * that is under way becomes a forced one: it has to end with the notice.
   */
  async #heed(context: ExecuteContext, permission: Permission, nowMs: number): Promise<void> {
    const reclaimed = this.noticedMs('reclaim');
    for (const [requestId, atMs] of reclaimed) {
      const record = this.#journal.get(requestId);
      if (!record || record.state === 'removing') continue;
      const { nodeName, offering, drain } = record;
      if (!this.#noticed.has(requestId)) {
        const why = `the provider takes it back at ${new Date(atMs).toISOString()}`;
        context.onFailure({
          stage: 'interrupted',
          nodeName,
          offering,
          errorClass: null,
          mark: null,
          message: why,
          timeMs: nowMs,
        });
        context.onEvent({ event: 'interrupted', record, timeMs: nowMs, seconds: null, why });
      }
      if (drain === null || (drain.force && !drain.repair) || permission === 'nothing') continue;
      try {
        const forced = { ...drain, force: true, repair: false, deadlineMs: reclaimDeadlineMs(atMs, nowMs) };
        await this.#journal.update(requestId, { drain: forced });
      } catch (error) {
        context.onTrouble(`${nodeName}: ${reasonOf(error)}`);
      }
    }
    this.#noticed = new Set(reclaimed.keys());
  }

  #context(clusterTag: string, nowMs: number): ExecuteContext {
    const { pool, machines, writer, clock, tickMs, isCurrent, mayBegin } = this.#parts;
    const sendMsMax = SEND_SHARE * tickMs;
    return {
      clock,
      pool,
      clusterTag,
      isCurrent,
      mayBegin,
      // Not more than that where the clock is set back meanwhile.
      sendMs: () => Math.min(sendMsMax, nowMs + sendMsMax - clock.nowMs()),
      isCounted: (requestId) => this.#counted.has(requestId),
      isReclaimed: (record) => this.#isReclaimed(record),
      machines,
      writer,
      journal: this.#journal,
      onEvent: (event) => this.#news.events.push(event),
      onFailure: (failure) => this.#news.failures.push(failure),
      onTrouble: (text) => this.#news.troubles.push(text),
    };
  }
}
