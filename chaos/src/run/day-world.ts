import { type Bus, createInProcessBus } from '@forescale/shared/bus';
import { createMemoryLease, type MemoryLease } from '@forescale/shared/leadership';
import { createMemoryState, type StateBucket } from '@forescale/shared/state';
import { type Log, silentLog } from '@forescale/shared/telemetry';
import { seededRandom } from '@forescale/shared/time';
import { offeringId } from '@forescale/simulator/cloud';
import type { SimulatedCluster } from '@forescale/simulator/cluster';
import { drawSchedule } from '../faults/draw-schedule.ts';
import type { Storm } from '../faults/fault.ts';
import { FaultBoard } from '../faults/fault-board.ts';
import { Observer } from '../observe/observer.ts';
import { SeenObjects } from '../ports/kube.ts';
import { RecentKpis } from '../ports/store.ts';
import { VirtualTime } from '../time/virtual-time.ts';
import { createCluster, loadOf, pool, START_MS } from '../world/scenario.ts';
import { Workload } from '../world/workload.ts';

const SILENT = silentLog();

export interface DayOptions {
  readonly seed: number;
  readonly hasJournal: boolean;
  /** Told what happens, with its time. */
  readonly onSay?: (timeMs: number, text: string) => void;
  /** Of each process; silent when absent. */
  readonly log?: (name: string, nowMs: () => number) => Log;
}

/** All that a day happens in, but for the processes of the actuator. */
export interface DayWorld {
  readonly seed: number;
  readonly hasJournal: boolean;
  readonly storms: readonly Storm[];
  readonly loadAt: (nowMs: number) => number;
  readonly time: VirtualTime;
  readonly cluster: SimulatedCluster;
  readonly seen: SeenObjects;
  readonly observer: Observer;
  readonly workload: Workload;
  readonly board: FaultBoard;
  readonly bucket: StateBucket;
  readonly lease: MemoryLease;
  readonly bus: Bus;
  readonly kpis: RecentKpis;
  readonly say: (text: string) => void;
  readonly log: (name: string) => Log;
}

export function createDayWorld({ seed, hasJournal, onSay, log }: DayOptions): DayWorld {
  const cluster = createCluster(seed);
  const time = new VirtualTime(START_MS, (nowMs) => cluster.step(nowMs));
  const say = (text: string) => onSay?.(time.nowMs(), text);
  const storms = drawSchedule(seed, START_MS, pool.offerings.map(offeringId));
  const surges = storms.flatMap(({ faults }) => faults.filter((fault) => fault.on === 'load'));
  const loadAt = loadOf(seed, surges);
  const seen = new SeenObjects();
  const clock = { nowMs: () => time.nowMs(), sleep: (ms: number, signal?: AbortSignal) => time.sleep(ms, signal) };
  return {
    seed,
    hasJournal,
    storms,
    loadAt,
    time,
    cluster,
    seen,
    observer: new Observer(cluster, seen, loadAt, say),
    workload: new Workload(cluster, loadAt(START_MS)),
    board: new FaultBoard(seededRandom(seed ^ 0xfa17)),
    bucket: createMemoryState(),
    lease: createMemoryLease(),
    bus: createInProcessBus({ clock }),
    kpis: new RecentKpis(),
    say,
    log: (name) => log?.(name, () => time.nowMs()) ?? SILENT,
  };
}
