import type { Random } from '@forescale/shared/time';
import type { Timeline } from '../timeline/index.ts';
import { CloudFaults, type FaultShares, type PlannedFault, refusalOf } from './cloud-faults.ts';
import { CostMeter, type CostReport } from './cost-meter.ts';
import { CloudError } from './errors.ts';
import { type CreateRequest, isAlive, type Machine, type Notice } from './machine.ts';
import { completeOffering, drawBootMs, type Offering, type OfferingSpec, offeringId } from './offering.ts';

const HOUR_MS = 3_600_000;
const RECORD_KEPT_MS = HOUR_MS;

export interface CloudOptions {
  /** Machines at once in the whole account; past it, creation fails with `quota`. */
  readonly machinesMax?: number;
  /** Refuses a node name that a living machine has, with `conflict`, as some clouds do. */
  readonly uniqueNodeNames?: boolean;
  /** How long a new machine is not shown by `list` and `find`. 0 when absent. */
  readonly visibilityDelayMs?: number;
  /** From the request to end a machine to its end; it is not billed any more, and still shown. 0 when absent. */
  readonly terminationMs?: number;
  /** From the notice of a reclaim to its execution. 120 s when absent. */
  readonly reclaimNoticeMs?: number;
  readonly faults?: FaultShares;
}

/** What becomes of machines, told to whoever runs the cluster. */
export interface CloudEvents {
  onBooted(machine: Machine): void;
  /** The machine is gone, whoever wanted it. */
  onGone(machine: Machine): void;
}

/** A machine that is there from the start: nobody waited for it. */
export type ExistingMachine = Omit<CreateRequest, 'token' | 'requestId'>;

export interface MachineCounts {
  readonly created: number;
  readonly reclaimed: number;
  readonly refused: number;
}

/**
 * A cloud that rents machines by the hour: each takes a while to boot, may be refused, may never join, and as spot may
 * be taken back. All chance comes from one seed; time from the timeline.
 */
export class SimulatedCloud {
  readonly faults: CloudFaults;
  readonly #offerings: Map<string, Offering>;
  readonly #options: CloudOptions;
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #events: CloudEvents;
  readonly #machines = new Map<string, Machine>();
  readonly #byToken = new Map<string, { readonly id: string; readonly fingerprint: string }>();
  readonly #meter = new CostMeter();
  readonly #counts = { created: 0, reclaimed: 0, refused: 0 };
  #ordinal = 0;

  constructor(
    offerings: readonly OfferingSpec[],
    options: CloudOptions,
    timeline: Timeline,
    random: Random,
    events: CloudEvents,
  ) {
    this.#offerings = new Map(offerings.map(completeOffering).map((offering) => [offering.id, offering]));
    this.#options = options;
    this.#timeline = timeline;
    this.#random = random;
    this.#events = events;
    this.faults = new CloudFaults(options.faults ?? {}, random);
  }

  offerings(): Offering[] {
    return [...this.#offerings.values()];
  }

  /** How many machines of an offering there may be from now on; those that are there stay. */
  setCapacity(id: string, capacity: number): void {
    const offering = this.#offerings.get(id);
    if (offering === undefined) throw new CloudError('config', `there is no offering ${id}`);
    this.#offerings.set(id, { ...offering, capacity });
  }

  /** Throws `CloudError`. A repeated token gives back what it made before. */
  create(request: CreateRequest): Machine {
    const offering = this.#offering(request);
    const { token, ...rest } = request;
    const fingerprint = JSON.stringify(rest);
    const known = this.#byToken.get(token);
    if (known !== undefined) {
      const machine = this.#machines.get(known.id);
      if (machine !== undefined && known.fingerprint === fingerprint) return machine;
      throw new CloudError('config', `IdempotentParameterMismatch: the token ${token} was used for another request`);
    }
    const bootMs = drawBootMs(offering.boot, this.#random);
    const reclaimAfterMs = this.#drawReclaimMs(offering);
    const fate = this.faults.draw(offering);
    try {
      if (fate.refusal !== null) throw refusalOf(fate.refusal);
      this.#ensureRoom(offering, request.nodeName);
    } catch (error) {
      this.#counts.refused++;
      throw error;
    }
    const machine = this.#launch(request, offering);
    this.#byToken.set(token, { id: machine.id, fingerprint });
    if (fate.registers) this.#timeline.after(bootMs * fate.bootFactor, () => this.#boot(machine.id));
    this.#planReclaim(machine.id, reclaimAfterMs);
    if (fate.lost) throw new CloudError('transient', 'the connection was lost after the request was carried out');
    return machine;
  }

  /** A machine that runs already; whoever asks makes its node. */
  adopt(existing: ExistingMachine): Machine {
    const token = `existing-${existing.nodeName}`;
    const launched = this.#launch({ ...existing, token, requestId: '' }, this.#offering(existing));
    const machine: Machine = { ...launched, state: 'running', bootedMs: this.#timeline.nowMs() };
    this.#machines.set(machine.id, machine);
    this.#planReclaim(machine.id, this.#drawReclaimMs(machine.offering));
    return machine;
  }

  /** Machines that are not gone, oldest first, as far as they are shown yet. */
  list(filter: { readonly clusterTag?: string; readonly requestId?: string } = {}): Machine[] {
    const { clusterTag, requestId } = filter;
    const shownMs = this.#timeline.nowMs() - (this.#options.visibilityDelayMs ?? 0);
    return [...this.#machines.values()].filter(
      (machine) =>
        machine.state !== 'terminated' &&
        machine.requestedMs <= shownMs &&
        (clusterTag === undefined || machine.clusterTag === clusterTag) &&
        (requestId === undefined || machine.requestId === requestId),
    );
  }

  get(id: string): Machine | undefined {
    return this.#machines.get(id);
  }

  /** Ends the machine; what has ended already stays as it is. Undefined when there never was one, or long ago. */
  terminate(id: string): Machine | undefined {
    const machine = this.#machines.get(id);
    if (machine === undefined || !isAlive(machine)) return machine;
    return this.#end(machine, 'request');
  }

  /** Gives notice that the machine will be taken back, as happens to spot machines by chance. */
  reclaim(id: string): void {
    const machine = this.#machines.get(id);
    if (machine === undefined || !isAlive(machine) || machine.reclaimMs !== null) return;
    const reclaimMs = this.#timeline.nowMs() + (this.#options.reclaimNoticeMs ?? 120_000);
    this.#machines.set(id, { ...machine, reclaimMs });
    this.#timeline.at(reclaimMs, () => this.#takeBack(id));
  }

  /** Recommends to have another machine ready: this one is at risk, and may be taken back or not. */
  recommendRebalance(id: string): void {
    const machine = this.#machines.get(id);
    if (machine !== undefined && isAlive(machine) && machine.rebalanceMs === null)
      this.#machines.set(id, { ...machine, rebalanceMs: this.#timeline.nowMs() });
  }

  /** Notices in force; a machine whose reclaim was announced is not merely at risk. */
  interruptions(clusterTag: string | null): Notice[] {
    return this.list(clusterTag === null ? {} : { clusterTag })
      .filter(isAlive)
      .flatMap(({ id: machineId, nodeName, reclaimMs, rebalanceMs }): Notice[] => {
        if (reclaimMs !== null) return [{ machineId, nodeName, kind: 'reclaim', atMs: reclaimMs }];
        return rebalanceMs === null ? [] : [{ machineId, nodeName, kind: 'rebalance', atMs: rebalanceMs }];
      });
  }

  cost(): CostReport {
    return this.#meter.report(this.#alive(), this.#timeline.nowMs());
  }

  counts(): MachineCounts {
    return { ...this.#counts };
  }

  /** The next creations to go wrong. */
  failNext(fault: PlannedFault): void {
    this.faults.plan(fault);
  }

  #offering(request: Pick<CreateRequest, 'offering'>): Offering {
    const id = offeringId(request.offering);
    const offering = this.#offerings.get(id);
    if (offering === undefined) throw new CloudError('config', `there is no offering ${id}`);
    return offering;
  }

  #drawReclaimMs({ reclaimsPerHour }: Offering): number {
    const draw = this.#random.exponential(1);
    return reclaimsPerHour > 0 ? (draw / reclaimsPerHour) * HOUR_MS : Number.POSITIVE_INFINITY;
  }

  #planReclaim(id: string, afterMs: number): void {
    if (afterMs !== Number.POSITIVE_INFINITY) this.#timeline.after(afterMs, () => this.reclaim(id));
  }

  #alive(): Machine[] {
    return [...this.#machines.values()].filter(isAlive);
  }

  #ensureRoom(offering: Offering, nodeName: string): void {
    const alive = this.#alive();
    if (alive.length >= (this.#options.machinesMax ?? Number.POSITIVE_INFINITY)) throw refusalOf('quota');
    const ofThis = alive.filter((machine) => machine.offering.id === offering.id).length;
    if (ofThis >= offering.capacity) throw refusalOf('capacity');
    if (this.#options.uniqueNodeNames === true && alive.some((machine) => machine.nodeName === nodeName)) {
      throw refusalOf('conflict');
    }
  }

  #launch(request: CreateRequest, offering: Offering): Machine {
    const id = `sim-${String(++this.#ordinal).padStart(9, '0')}`;
    const machine: Machine = {
      ...request,
      id,
      providerId: `simulated://${offering.zone}/${id}`,
      offering,
      state: 'starting',
      requestedMs: this.#timeline.nowMs(),
      bootedMs: null,
      endedMs: null,
      endedBy: null,
      reclaimMs: null,
      rebalanceMs: null,
    };
    this.#machines.set(id, machine);
    this.#counts.created++;
    return machine;
  }

  #boot(id: string): void {
    const machine = this.#machines.get(id);
    if (machine?.state !== 'starting') return;
    const running: Machine = { ...machine, state: 'running', bootedMs: this.#timeline.nowMs() };
    this.#machines.set(id, running);
    this.#events.onBooted(running);
  }

  #takeBack(id: string): void {
    const machine = this.#machines.get(id);
    if (machine === undefined || !isAlive(machine)) return;
    this.#counts.reclaimed++;
    this.#end(machine, 'reclaim');
  }

  #end(machine: Machine, endedBy: 'request' | 'reclaim'): Machine {
    const { id } = machine;
    const endedMs = this.#timeline.nowMs();
    const terminationMs = endedBy === 'request' ? (this.#options.terminationMs ?? 0) : 0;
    const ended: Machine = { ...machine, state: terminationMs > 0 ? 'terminating' : 'terminated', endedMs, endedBy };
    this.#machines.set(id, ended);
    this.#meter.close(machine, endedMs);
    this.#events.onGone(ended);
    if (terminationMs > 0) {
      this.#timeline.after(terminationMs, () => this.#machines.set(id, { ...ended, state: 'terminated' }));
    }
    this.#timeline.after(terminationMs + RECORD_KEPT_MS, () => {
      this.#machines.delete(id);
      this.#byToken.delete(ended.token);
    });
    return ended;
  }
}
