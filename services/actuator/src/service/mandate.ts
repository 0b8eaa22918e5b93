import type { ClusterWriter } from '@forescale/shared/kubernetes';
import { type Leadership, NotLeadingError } from '@forescale/shared/leadership';
import type { StateBucket } from '@forescale/shared/state';
import type { Audit } from '@forescale/shared/telemetry';
import { ProviderError } from '../providers/errors.ts';
import type { MachineProvider } from '../providers/port.ts';
import { TermFence } from './term-fence.ts';

/**
 * The right to act: in the term in which a tick began, and no longer. Without an election this process always has it.
 * Everything that changes something goes through `writer`, `state` or `provider` as they are made here, which look at
 * the clock immediately before each call: a process that stood still in the middle of its work, or whose lease could
 * not be renewed, does nothing more when it goes on.
 */
export class Mandate {
  readonly #leadership: Leadership | null;
  readonly #audit: Audit;
  readonly #fence: TermFence;
  /** In which the tick began. */
  #term: number | null = null;
  /** Nobody has acted in a later one, as far as the bucket knew when the tick began. */
  #entered = false;
  /** The last term of which the bucket has said so. */
  #enteredTerm: number | null = null;

  constructor(leadership: Leadership | null, state: StateBucket, audit: Audit) {
    this.#leadership = leadership;
    this.#audit = audit;
    this.#fence = new TermFence(state);
  }

  /**
   * At the beginning of a tick: the term that it belongs to, or null where another process acts; without an election 0.
   * Rejects when the bucket that knows the newest term cannot be read: then nothing may be done, but all be told.
   */
  async renew(): Promise<number | null> {
    if (this.#leadership === null) return 0;
    this.#entered = false;
    this.#term = this.#leadership.term();
    if (this.#term === null) return null;
    const entry = await this.#fence.enter(this.#term, this.#leadership.self);
    this.#entered = entry.entered;
    this.#enteredTerm = entry.entered ? this.#term : null;
    if (entry.entered) return this.#term;
    this.#leadership.outdate(entry.newest);
    return null;
  }

  /** Whether another process may lead, since the tick began. */
  get lost(): boolean {
    return this.#leadership !== null && (this.#term === null || this.#leadership.term() !== this.#term);
  }

  get held(): boolean {
    return this.#leadership === null || (this.#entered && !this.lost);
  }

  /** Throws `NotLeadingError`. */
  check(what: string, held = this.held): void {
    if (!held) throw new NotLeadingError(what, this.#leadership?.holder() ?? '');
  }

  /** In a term that it has entered once: also while a tick asks the bucket, or could not ask it, for the newest one. */
  get #leads(): boolean {
    return this.#leadership === null || (this.#enteredTerm !== null && this.#leadership.term() === this.#enteredTerm);
  }

  writer(writer: ClusterWriter): ClusterWriter {
    const guarded = <T>(action: string, target: string, call: () => Promise<T>, after?: string): Promise<T> => {
      const change = async () => {
        this.check(`${action} ${target}`);
        return await call();
      };
      return this.#audited(action, target, change, after);
    };
    return {
      changeNode: (name, change) =>
        guarded('change node', name, () => writer.changeNode(name, change), JSON.stringify(change)),
      evictPod: (namespace, name, uid, graceSeconds) =>
        guarded('evict pod', `${namespace}/${name}`, () => writer.evictPod(namespace, name, uid, graceSeconds)),
      deletePod: (namespace, name, uid) =>
        guarded('delete pod', `${namespace}/${name}`, () => writer.deletePod(namespace, name, uid)),
      deleteNode: (name) => guarded('delete node', name, () => writer.deleteNode(name)),
      // Tells what was done: that stays true.
      createEvent: (event) => writer.createEvent(event),
    };
  }

  /** Every change is written down with its end, also one that was not allowed any more. */
  #audited<T>(action: string, target: string, change: () => Promise<T>, after?: string): Promise<T> {
    const by = this.#leadership === null ? 'actuator' : this.#leadership.self;
    return this.#audit.during({ action, target, by, via: 'tick', ...(after !== undefined && { after }) }, change);
  }

  /**
   * Reading is free. What is written whatever it replaces follows from no plan: an override, what was measured. It takes
   * no more than to lead. An entry is deleted as it was read by anybody: whose lease was lost has to take back what it
   * has written and not begun, and whoever has taken it up since has written it again.
   */
  state(state: StateBucket): StateBucket {
    const guarded = async <T>(key: string, held: boolean, call: () => Promise<T>): Promise<T> => {
      this.check(`write ${key}`, held);
      return await call();
    };
    return {
      get: (key) => state.get(key),
      put: (key, value) => guarded(key, this.#leads, () => state.put(key, value)),
      compareAndSet: (key, value, revision) => guarded(key, this.held, () => state.compareAndSet(key, value, revision)),
      delete: (key, revision) => guarded(key, revision !== undefined || this.#leads, () => state.delete(key, revision)),
      keys: (prefix) => state.keys(prefix),
      health: () => state.health(),
      close: () => state.close(),
    };
  }

  /** Its calls wait for a slot, for their turn and for back-off: the check comes after all of that. */
  provider(provider: MachineProvider): MachineProvider {
    const guarded = <T>(action: string, target: string, call: () => Promise<T>): Promise<T> =>
      this.#audited(action, target, async () => {
        if (!this.held) {
          const { message } = new NotLeadingError(`${action} ${target}`, this.#leadership?.holder() ?? '');
          throw new ProviderError('fenced', message);
        }
        return await call();
      });
    const { groups } = provider;
    const prices = provider.prices?.bind(provider);
    const { placeholders } = provider;
    return {
      kind: provider.kind,
      create: (request, signal) =>
        guarded('create machine', `${request.nodeName} in ${request.pool}`, () => provider.create(request, signal)),
      find: (requestId, place, signal) => provider.find(requestId, place, signal),
      list: (clusterTag, signal) => provider.list(clusterTag, signal),
      terminate: (machineId, place, signal) =>
        guarded('terminate machine', machineId, () => provider.terminate(machineId, place, signal)),
      interruptions: (clusterTag, signal) => provider.interruptions(clusterTag, signal),
      ...(groups && {
        groups: {
          groupOf: (offering) => groups.groupOf(offering),
          trim: (group, place, size, signal) =>
            guarded('trim group', `${group} to ${size}`, () => groups.trim(group, place, size, signal)),
        },
      }),
      ...(placeholders && {
        placeholders: {
          read: (pool, signal) => placeholders.read(pool, signal),
          hold: (request, signal) => guarded('hold room', request.pool, () => placeholders.hold(request, signal)),
          release: (pool, signal) => guarded('release room', pool, () => placeholders.release(pool, signal)),
        },
      }),
      ...(prices && { prices }),
    };
  }
}
