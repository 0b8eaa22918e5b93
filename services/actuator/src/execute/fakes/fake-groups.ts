import type { OfferingConfig } from '@forescale/shared/config';
import type { Clock } from '@forescale/shared/time';
import { ProviderError } from '../../providers/errors.ts';
import type {
  CreateResult,
  Interruption,
  Machine,
  MachineGroups,
  MachineProvider,
  MachineRequest,
  Place,
} from '../../providers/port.ts';
import type { CloudCall, Fault } from './fake-cloud.ts';
import { Gate } from './gate.ts';

const PLACE: Place = { provider: '', region: 'local' };
/** From the size that was set to the member that is made. */
const MAKE_MS = 20_000;

/** A group: it makes and names members of its own, one after the other, for nobody in particular. */
interface Group {
  target: number;
  /** So many can be had; null: as many as are wanted. */
  available: number | null;
  readonly members: Map<string, Machine>;
  changedMs: number;
  failedMs: number | null;
}

/** Groups in memory, one for each instance type, which make members as the clock moves. */
export class FakeGroups implements MachineProvider {
  readonly kind = 'fake-groups';
  gate = new Gate();
  fault: (call: CloudCall | 'trim', request: MachineRequest | null) => Fault = () => null;
  notices: Interruption[] = [];
  readonly made: Machine[] = [];
  groupOf = ({ zone }: OfferingConfig) => `group-${zone}`;
  readonly #clock: Clock;
  readonly #groups = new Map<string, Group>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly groups: MachineGroups = {
    groupOf: (offering: OfferingConfig) => this.groupOf(offering),
    trim: (name, _place, size) =>
      this.#call('trim', null, () => {
        const group = this.group(name);
        group.target = Math.min(group.target, Math.max(size, group.members.size));
      }),
  };

  /** The group of that name, grown by what it has made until now. */
  group(name: string): Group {
    let group = this.#groups.get(name);
    if (!group) {
      group = { target: 0, available: null, members: new Map(), changedMs: 0, failedMs: null };
      this.#groups.set(name, group);
    }
    const nowMs = this.#clock.nowMs();
    while (group.members.size < group.target && nowMs >= group.changedMs + MAKE_MS) {
      if (group.available === 0) {
        group.failedMs ??= nowMs;
        break;
      }
      if (group.available !== null) group.available--;
      this.addMember(name, group.changedMs + MAKE_MS);
    }
    return group;
  }

  /** A member as the group makes it. */
  addMember(name: string, createdMs: number): Machine {
    const id = `g-${this.made.length + 1}`;
    const machine: Machine = {
      ...{ id, providerId: `fake://${id}`, requestId: '', nodeName: '', pool: '', state: 'running', createdMs },
      ...{ place: PLACE, group: name },
    };
    this.#groups.get(name)?.members.set(id, machine);
    this.made.push(machine);
    return machine;
  }

  create(request: MachineRequest): Promise<CreateResult> {
    return this.#call('create', request, () => {
      const group = this.group(this.groups.groupOf(request.offering) ?? '');
      if (request.groupSize > group.target) {
        group.target = request.groupSize;
        group.changedMs = this.#clock.nowMs();
        group.failedMs = null;
      }
      const hasFailed = group.failedMs !== null && group.failedMs >= request.createdMs;
      const missing = hasFailed ? Math.max(0, request.groupSize - group.members.size) : 0;
      const failures = Array.from({ length: missing }, () => new ProviderError('capacity', 'the group has no more'));
      return { machines: [], failures };
    });
  }

  find(): Promise<readonly Machine[]> {
    return this.#call('find', null, () => []);
  }

  list(): Promise<readonly Machine[]> {
    return this.#call('list', null, () => this.running);
  }

  terminate(machineId: string): Promise<'terminating' | 'gone'> {
    return this.#call('terminate', null, () => {
      for (const group of this.#groups.values()) if (group.members.delete(machineId)) group.target--;
      return 'gone';
    });
  }

  interruptions(): Promise<readonly Interruption[]> {
    return this.#call('interruptions', null, () => this.notices);
  }

  get running(): Machine[] {
    return [...this.#groups.keys()].flatMap((name) => [...this.group(name).members.values()]);
  }

  #call<T>(call: CloudCall | 'trim', request: MachineRequest | null, act: () => T): Promise<T> {
    return this.gate.effect(() => {
      const fault = this.fault(call, request);
      if (fault !== null && fault !== 'lost') throw new ProviderError(fault, `${call}: ${fault}`);
      const result = act();
      if (fault === 'lost') throw new ProviderError('transient', `${call}: the connection was reset`);
      return result;
    });
  }
}
