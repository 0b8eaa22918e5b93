import { startActuator } from '@forescale/actuator/service';
import { Elector, type LeasePort } from '@forescale/shared/leadership';
import { Readiness, runTicks } from '@forescale/shared/service';
import type { StateBucket } from '@forescale/shared/state';
import { silentInstruments } from '@forescale/shared/telemetry';
import { type Random, seededRandom } from '@forescale/shared/time';
import type { ProcessFault } from '../faults/fault.ts';
import { BusPort } from '../ports/bus.ts';
import { KubePort } from '../ports/kube.ts';
import { Link } from '../ports/link.ts';
import { CloudProvider } from '../ports/provider.ts';
import { StatePort, withoutJournal } from '../ports/state.ts';
import { StorePort } from '../ports/store.ts';
import { ProcessLife } from '../time/process-life.ts';
import { configOf, TICK_MS } from '../world/scenario.ts';
import type { DayWorld } from './day-world.ts';

const SECOND_MS = 1_000;
/** Clocks that follow the same time servers differ by so much: two processes do not tick at the same instant. */
const SKEW_MS_MAX = 1_500;
/** Until whoever runs processes, or elects leaders, has noticed that one is gone. */
const RESTART_MS = [5 * SECOND_MS, 45 * SECOND_MS] as const;
/** A held process is taken for dead after so long, and its successor begins. */
const TAKEOVER_MS = 20 * SECOND_MS;
/** So long a process that was held acts beside its successor before it is ended. */
const STALE_MS = 3 * 60 * SECOND_MS;

interface Process {
  readonly name: string;
  readonly life: ProcessLife;
  readonly journal: StateBucket;
  readonly readiness: Readiness;
  readonly bus: BusPort;
}

/**
 * The processes of the actuator, one after the other, and now and then two at once, which elect one that acts. A leader
 * that was held goes on in the middle of what it did, with a lease that it no longer has.
 */
export class Processes {
  readonly #world: DayWorld;
  readonly #random: Random;
  readonly #ends = new AbortController();
  #living: Process[] = [];
  #started = 0;

  constructor(world: DayWorld) {
    this.#world = world;
    this.#random = seededRandom(world.seed ^ 0x9a0c);
  }

  /** The journal of the process that leads. */
  get journal(): StateBucket {
    return this.#living.at(-1)?.journal ?? this.#world.bucket;
  }

  /** What the process that leads says is wrong. */
  async unready(): Promise<string[]> {
    const report = await this.#living.at(-1)?.readiness.report();
    return Object.entries(report?.reasons ?? { process: 'none is alive' }).map(([part, why]) => `${part}: ${why}`);
  }

  start(): void {
    const { seed, time, cluster, seen, observer, board, bucket, kpis, hasJournal, say } = this.#world;
    const name = `actuator ${++this.#started}`;
    say(`${name} starts`);
    const random = seededRandom(Math.imul(seed, 0x85eb) ^ (this.#started * 0x1f3d));
    const skewMs = Math.round(SKEW_MS_MAX * (2 * random.next() - 1));
    const life: ProcessLife = new ProcessLife(time, skewMs, (why) => this.#died(name, why));
    const link = new Link(life, time, board, random);
    const journal = hasJournal ? bucket : withoutJournal(bucket);
    const bus = new BusPort(this.#world.bus, link);
    const kube = new KubePort(cluster, link, observer, seen);
    const clock = life.clock();
    const log = this.#world.log(name);
    const readiness = new Readiness();
    this.#living.push({ name, life, journal, readiness, bus });
    const leads = () => this.#world.lease.stored?.holder === name;
    const running = startActuator({
      config: configOf(seed),
      reader: kube,
      writer: kube,
      store: new StorePort(kpis, link),
      bus,
      state: new StatePort(journal, link),
      clock,
      ioClock: clock,
      random,
      readiness,
      instruments: silentInstruments(),
      log,
      homeNode: null,
      leadership: new Elector({
        ...{ port: this.#lease(life), self: name, random: seededRandom(Math.imul(seed, 0x1b3) ^ this.#started) },
        ...{ clock: life.steadyClock(), wallClock: clock },
      }),
      openProvider: async () => new CloudProvider(cluster.cloud, link, observer, leads),
    }).then((actuator) => runTicks(clock, TICK_MS, (nowMs) => actuator.tick(nowMs), log, this.#ends.signal));
    running.catch((error: unknown) => observer.find('unconverged', `${name} has ended: ${String(error)}`));
  }

  /** As the process reaches it: not while it is held. */
  #lease(life: ProcessLife): LeasePort {
    const { lease } = this.#world;
    const through = async <T>(call: () => Promise<T>): Promise<T> => {
      await life.passage();
      const answer = await call();
      await life.passage();
      return answer;
    };
    return {
      read: () => through(() => lease.read()),
      write: (wanted, version) => through(() => lease.write(wanted, version)),
    };
  }

  begin(fault: ProcessFault): void {
    const { time } = this.#world;
    const oldest = this.#living[0];
    if (oldest === undefined) return;
    const { life } = oldest;
    switch (fault.what) {
      case 'killed':
        life.kill('by chance');
        return;
      case 'killed-at':
        this.#trap(life, fault, (where) => life.kill(where));
        time.at(fault.untilMs, () => life.kill('at last'));
        return;
      case 'frozen':
        this.#hold(oldest, fault.forMs);
        return;
      case 'frozen-at':
        this.#trap(life, fault, () => this.#hold(oldest, fault.forMs));
        time.at(fault.untilMs, () => life.setTrap(null));
        return;
      case 'doubled':
        this.#succeed(oldest);
        time.at(fault.untilMs, () => life.kill('another leads'));
        return;
      case 'clock-jump':
        life.jumpMs = fault.skewMs;
        time.at(fault.untilMs, () => {
          life.jumpMs = 0;
        });
    }
  }

  stop(): void {
    this.#ends.abort();
    for (const { life } of [...this.#living]) life.kill('the day is over');
  }

  #trap(life: ProcessLife, { calls, after, edge }: ProcessFault, spring: (where: string) => void): void {
    life.setTrap({ calls, left: after, edge, spring });
  }

  /** The process stands still for so long, and another begins; then it goes on where it was, and is ended a while later. */
  #hold(held: Process, forMs: number): void {
    const { time, say } = this.#world;
    const { name, life } = held;
    const nowMs = time.nowMs();
    say(`${name} is held`);
    life.freeze();
    time.at(nowMs + TAKEOVER_MS, () => this.#succeed(held));
    time.at(nowMs + forMs, () => {
      say(`${name} goes on`);
      life.thaw();
    });
    time.at(nowMs + forMs + STALE_MS, () => life.kill('it was held, and another leads'));
  }

  /** A second process, unless there are two already. */
  #succeed(before: Process): void {
    if (!before.life.dead && this.#living.length < 2) this.start();
  }

  #died(name: string, why: string): void {
    const { say, time } = this.#world;
    say(`${name} dies: ${why}`);
    const dead = this.#living.find((one) => one.name === name);
    this.#living = this.#living.filter((one) => one.name !== name);
    dead?.bus.close().catch((error: unknown) => say(`${name}: ${String(error)}`));
    if (this.#ends.signal.aborted) return;
    const [low, high] = RESTART_MS;
    time.at(time.nowMs() + Math.round(low + this.#random.next() * (high - low)), () => {
      if (this.#living.length === 0) this.start();
    });
  }
}
