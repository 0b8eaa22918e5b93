import { offeringId, type PoolNode, type StartingNode, unitsOf } from '@forescale/actuator/plan';
import type { OfferingConfig, PoolConfig } from '@forescale/shared/config';
import type { Random } from '@forescale/shared/time';
import { type BootTime, drawBootMs } from '../cloud/offering.ts';

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
}

interface Machine {
  readonly id: string;
  readonly offering: OfferingConfig;
  readonly units: number;
  readonly requestedMs: number;
  readonly readyAtMs: number;
  /** `reclaimed`: has had its notice, and serves until it goes. */
  phase: 'starting' | 'ready' | 'draining' | 'reclaimed';
  goneAtMs: number;
  asNode: PoolNode | null;
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
export class Machines {
  readonly #pool: PoolConfig;
  readonly #faults: ReplayFaults;
  readonly #random: Random;
  #machines: Machine[] = [];
  #next = 1;
  created = 0;
  createFailures = 0;
  interruptions = 0;

  constructor(pool: PoolConfig, faults: ReplayFaults, random: Random) {
    this.#pool = pool;
    this.#faults = faults;
    this.#random = random;
  }

  /** Nodes that were there before the replay began. */
  seed(offering: OfferingConfig, count: number, nowMs: number): void {
    for (let i = 0; i < count; i++) this.#add(offering, nowMs - this.#bootMs(), nowMs, 'ready');
  }

  /** Moves to `nowMs`: boots end, drains end, spot machines are reclaimed. */
  advance(nowMs: number, stepMs: number): void {
    const reclaimChance = 1 - (1 - this.#faults.spotReclaimsPerHour) ** (stepMs / HOUR_MS);
    let isGone = false;
    for (const machine of this.#machines) {
      if (machine.goneAtMs <= nowMs) isGone = true;
      else if (machine.phase === 'starting' && machine.readyAtMs <= nowMs) machine.phase = 'ready';
      if (reclaimChance > 0 && machine.phase === 'ready' && machine.offering.capacityType === 'spot') {
        if (this.#random.next() < reclaimChance) this.#reclaim(machine, nowMs);
      }
    }
    if (isGone) this.#machines = this.#machines.filter((machine) => machine.goneAtMs > nowMs);
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
    this.#machines.push({ id, offering, units, requestedMs, readyAtMs, phase, goneAtMs, asNode: null });
  }

  /** Starts the drain of a node; one that is being reclaimed goes at its own time. */
  drain(id: string, nowMs: number): void {
    const machine = this.#machines.find((one) => one.id === id);
    if (machine?.phase !== 'ready') return;
    if (this.#faults.drainMs === 0) {
      this.#machines.splice(this.#machines.indexOf(machine), 1);
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

  cancelStart(id: string): void {
    this.#machines = this.#machines.filter((machine) => machine.id !== id || machine.phase !== 'starting');
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
    for (const { phase, units, offering } of this.#machines) {
      usdPerHour += offering.usdPerHour;
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

  #asNode(machine: Machine): PoolNode {
    const { id, offering, units, requestedMs, phase, goneAtMs } = machine;
    return {
      name: id,
      labels: {},
      taints: [],
      allocatable: offering.allocatable ?? this.#pool.template.allocatable,
      units,
      pods: null,
      owned: true,
      offeringId: offeringId(offering),
      instanceType: offering.instanceType,
      zone: offering.zone,
      capacityType: offering.capacityType,
      usdPerHour: offering.usdPerHour,
      createdMs: requestedMs,
      phase: phase === 'draining' ? 'draining' : phase === 'reclaimed' ? 'leaving' : 'ready',
      keptBecause: null,
      interruptedMs: phase === 'reclaimed' ? goneAtMs : null,
    };
  }
}
