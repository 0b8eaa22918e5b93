import { offeringId, type PoolNode, type StartingNode, unitsOf } from '@forescale/actuator/plan';
import type { OfferingConfig, PoolConfig } from '@forescale/shared/config';
import type { ClusterPod } from '@forescale/shared/domain';
import type { Random } from '@forescale/shared/time';
import { type BootTime, drawBootMs } from '../cloud/offering.ts';
import type { Machinery } from './policy.ts';

const HOUR_MS = 3_600_000;

/** What can go wrong, and how long things take. Every chance is drawn from the replay's seed. */
export interface ReplayFaults {
  /** From request to Ready. */
  readonly boot: BootTime;
  /** From the decision to let a node go until it is paid for no more; it carries nothing meanwhile. */
  readonly drainMs: number;
  /** Share of creations that are refused, in [0, 1]. */
  readonly createFailureShare: number;
  /** Chance that a spot machine is reclaimed within an hour, in [0, 1]. */
  readonly spotReclaimsPerHour: number;
  /** How long before it goes a reclaimed machine says so; its pods run until then. */
  readonly reclaimNoticeMs: number;
  /** A machine that is let go earlier than this after its request is paid for until then all the same. */
  readonly minBillingMs: number;
}

interface Machine {
  readonly id: string;
  readonly offering: OfferingConfig;
  readonly offeringId: string;
  readonly units: number;
  readonly requestedMs: number;
  readonly readyAtMs: number;
  /** `reclaimed`: has had its notice, and serves until it goes. */
  phase: 'starting' | 'ready' | 'draining' | 'reclaimed';
  goneAtMs: number;
  asNode: PoolNode | null;
  /** Of now. */
  usdPerHour: number;
}

/** Nodes by state, as one row of a timeline counts them. */
export interface MachineCount {
  readonly ready: number;
  readonly starting: number;
  readonly draining: number;
  readonly spot: number;
  readonly readyUnits: number;
  readonly usdPerHour: number;
}

/** The simulated cloud of a replay: machines that boot, serve, leave, and sometimes fail, in virtual time. */
export class Machines implements Machinery {
  /** With the prices of now. */
  #pool: PoolConfig;
  #usdPerHour: ReadonlyMap<string, number>;
  readonly #faults: ReplayFaults;
  readonly #random: Random;
  #machines: Machine[] = [];
  /** Let go before they were paid for. */
  #billed: { readonly offeringId: string; readonly untilMs: number }[] = [];
  #next = 1;
  created = 0;
  createFailures = 0;
  interruptions = 0;

  constructor(pool: PoolConfig, faults: ReplayFaults, random: Random) {
    this.#pool = pool;
    this.#usdPerHour = pricesOf(pool);
    this.#faults = faults;
    this.#random = random;
  }

  /** Nodes that were there before the replay began. */
  seed(offering: OfferingConfig, count: number, nowMs: number): void {
    for (let i = 0; i < count; i++) this.#add(offering, nowMs - this.#bootMs(), nowMs, 'ready');
  }

  /** Moves to `nowMs`: boots end, drains end, spot machines are reclaimed. `pool` has the prices of then. */
  advance(nowMs: number, stepMs: number, pool: PoolConfig): void {
    if (pool !== this.#pool) this.#reprice(pool);
    if (this.#billed.length > 0) this.#billed = this.#billed.filter((one) => one.untilMs > nowMs);
    const reclaimChance = 1 - (1 - this.#faults.spotReclaimsPerHour) ** (stepMs / HOUR_MS);
    let isGone = false;
    for (const machine of this.#machines) {
      if (machine.goneAtMs <= nowMs) {
        isGone = true;
        if (machine.phase === 'draining') this.#billOut(machine, machine.goneAtMs, nowMs);
      }
      if (machine.phase === 'starting' && machine.readyAtMs <= nowMs) machine.phase = 'ready';
      if (reclaimChance > 0 && machine.phase === 'ready' && machine.offering.capacityType === 'spot') {
        if (this.#random.next() < reclaimChance) this.#reclaim(machine, nowMs);
      }
    }
    if (isGone) this.#machines = this.#machines.filter((machine) => machine.goneAtMs > nowMs);
  }

  #reprice(pool: PoolConfig): void {
    this.#pool = pool;
    this.#usdPerHour = pricesOf(pool);
    for (const machine of this.#machines) {
      machine.asNode = null;
      machine.usdPerHour = this.#priceOf(machine.offeringId);
    }
  }

  /** What a cloud bills at least is paid for though the machine is gone; not where the cloud has taken it back. */
  #billOut({ offeringId, requestedMs }: Machine, goneAtMs: number, nowMs: number): void {
    const untilMs = requestedMs + this.#faults.minBillingMs;
    if (untilMs > Math.max(goneAtMs, nowMs)) this.#billed.push({ offeringId, untilMs });
  }

  #reclaim(machine: Machine, nowMs: number): void {
    machine.phase = 'reclaimed';
    machine.goneAtMs = nowMs + this.#faults.reclaimNoticeMs;
    machine.asNode = null;
    this.interruptions++;
  }

  /** False: the cloud has none. */
  create(offering: OfferingConfig, nowMs: number): boolean {
    const { createFailureShare } = this.#faults;
    if (createFailureShare > 0 && this.#random.next() < createFailureShare) {
      this.createFailures++;
      return false;
    }
    this.#add(offering, nowMs, nowMs + this.#bootMs(), 'starting');
    this.created++;
    return true;
  }

  #bootMs(): number {
    return drawBootMs(this.#faults.boot, this.#random);
  }

  #add(offering: OfferingConfig, requestedMs: number, readyAtMs: number, phase: Machine['phase']): void {
    const units = unitsOf(offering.allocatable, this.#pool.template.allocatable);
    const id = `node-${String(this.#next++).padStart(7, '0')}`;
    const goneAtMs = Number.POSITIVE_INFINITY;
    const ofId = offeringId(offering);
    this.#machines.push({
      id,
      offering,
      offeringId: ofId,
      usdPerHour: this.#priceOf(ofId),
      units,
      requestedMs,
      readyAtMs,
      phase,
      goneAtMs,
      asNode: null,
    });
  }

  /** Starts the drain of a node; one that is being reclaimed goes at its own time. */
  drain(id: string, nowMs: number): void {
    const machine = this.#machines.find((one) => one.id === id);
    if (machine?.phase !== 'ready') return;
    if (this.#faults.drainMs === 0) {
      this.#machines.splice(this.#machines.indexOf(machine), 1);
      this.#billOut(machine, nowMs, nowMs);
      return;
    }
    machine.phase = 'draining';
    machine.goneAtMs = nowMs + this.#faults.drainMs;
    machine.asNode = null;
  }

  cancelDrain(id: string): void {
    const machine = this.#machines.find((one) => one.id === id);
    if (machine?.phase !== 'draining') return;
    machine.phase = 'ready';
    machine.goneAtMs = Number.POSITIVE_INFINITY;
    machine.asNode = null;
  }

  cancelStart(id: string, nowMs: number): void {
    const machine = this.#machines.find((one) => one.id === id);
    if (machine?.phase !== 'starting') return;
    this.#machines.splice(this.#machines.indexOf(machine), 1);
    this.#billOut(machine, nowMs, nowMs);
  }

  nodes(): PoolNode[] {
    const nodes: PoolNode[] = [];
    for (const machine of this.#machines) {
      if (machine.phase === 'starting') continue;
      machine.asNode ??= this.#asNode(machine);
      nodes.push(machine.asNode);
    }
    return nodes;
  }

  pendingPods(): readonly ClusterPod[] {
    return [];
  }

  starting(): StartingNode[] {
    const starting: StartingNode[] = [];
    for (const { id, offering, requestedMs, phase } of this.#machines) {
      if (phase === 'starting') starting.push({ requestId: id, requestedMs, offering, nodeName: null });
    }
    return starting;
  }

  /** A reclaimed machine counts as Ready until it goes: its pods run until then. */
  count(): MachineCount {
    let [ready, starting, draining, spot, readyUnits, usdPerHour] = [0, 0, 0, 0, 0, 0];
    for (const { offeringId } of this.#billed) usdPerHour += this.#priceOf(offeringId);
    for (const { phase, units, offering, usdPerHour: price } of this.#machines) {
      usdPerHour += price;
      if (offering.capacityType === 'spot') spot++;
      if (phase === 'starting') starting++;
      else if (phase === 'draining') draining++;
      else {
        ready++;
        readyUnits += units;
      }
    }
    return { ready, starting, draining, spot, readyUnits, usdPerHour };
  }

  #priceOf(offeringId: string): number {
    return this.#usdPerHour.get(offeringId) ?? 0;
  }

  #asNode(machine: Machine): PoolNode {
    const { id, offering, offeringId, units, requestedMs, phase, goneAtMs, usdPerHour } = machine;
    return {
      name: id,
      labels: {},
      taints: [],
      allocatable: offering.allocatable ?? this.#pool.template.allocatable,
      units,
      pods: null,
      owned: true,
      offeringId,
      instanceType: offering.instanceType,
      zone: offering.zone,
      capacityType: offering.capacityType,
      usdPerHour,
      createdMs: requestedMs,
      phase: phase === 'draining' ? 'draining' : phase === 'reclaimed' ? 'leaving' : 'ready',
      keptBecause: null,
      interruptedMs: phase === 'reclaimed' ? goneAtMs : null,
    };
  }
}

function pricesOf(pool: PoolConfig): Map<string, number> {
  return new Map(pool.offerings.map((offering) => [offeringId(offering), offering.usdPerHour]));
}
