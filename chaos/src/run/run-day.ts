import { createInProcessBus } from '@forescale/shared/bus';
import { createMemoryState } from '@forescale/shared/state';
import { type Log, silentLog } from '@forescale/shared/telemetry';
import { seededRandom } from '@forescale/shared/time';
import { encodeSample, subjects } from '@forescale/shared/wire';
import { offeringId } from '@forescale/simulator/cloud';
import { drawSchedule } from '../faults/draw-schedule.ts';
import type { Fault } from '../faults/fault.ts';
import { FaultBoard } from '../faults/fault-board.ts';
import { orphansOf, type Settled, whyTooMany, whyUnsettled } from '../observe/convergence.ts';
import type { Finding } from '../observe/findings.ts';
import { Observer } from '../observe/observer.ts';
import { SeenObjects } from '../ports/kube.ts';
import { RecentKpis } from '../ports/store.ts';
import { VirtualTime } from '../time/virtual-time.ts';
import { describeFault } from '../words.ts';
import { createCluster, DAY_MS, loadOf, POOL, pool, SIGNAL, START_MS, TICK_MS } from '../world/scenario.ts';
import { Workload } from '../world/workload.ts';
import { disturb } from './disturb.ts';
import { Processes } from './processes.ts';

/** After the last fault of a storm, and the waits that belong to it, the pool is at rest within so long. */
const CONVERGED_MS = 10 * 60_000;

const SILENT = silentLog();

export interface DayOptions {
  readonly seed: number;
  readonly hasJournal: boolean;
  /** Told what happens, with its time. */
  readonly onSay?: (timeMs: number, text: string) => void;
  /** Of each process; silent when absent. */
  readonly log?: (name: string, nowMs: () => number) => Log;
}

export interface Day {
  readonly seed: number;
  readonly findings: readonly Finding[];
}

/** One simulated day of one actuator in a world that goes wrong as the seed says. */
export async function runDay(options: DayOptions): Promise<Day> {
  const { seed, hasJournal, onSay } = options;
  const cluster = createCluster(seed);
  const time = new VirtualTime(START_MS, (nowMs) => cluster.step(nowMs));
  const say = (text: string) => onSay?.(time.nowMs(), text);
  const storms = drawSchedule(seed, START_MS, pool.offerings.map(offeringId));
  const faults = storms.flatMap((storm) => storm.faults);
  const loadAt = loadOf(
    seed,
    faults.filter((fault) => fault.on === 'load'),
  );
  const seen = new SeenObjects();
  const observer = new Observer(cluster, seen, loadAt, say);
  const board = new FaultBoard(seededRandom(seed ^ 0xfa17));
  const bus = createInProcessBus({
    clock: { nowMs: () => time.nowMs(), sleep: (ms, signal) => time.sleep(ms, signal) },
  });
  const bucket = createMemoryState();
  const kpis = new RecentKpis();
  const workload = new Workload(cluster, loadAt(START_MS));
  const log = (name: string) => options.log?.(name, () => time.nowMs()) ?? SILENT;
  const processes = new Processes({
    seed,
    time,
    cluster,
    seen,
    observer,
    board,
    bucket,
    bus,
    kpis,
    hasJournal,
    say,
    log,
  });
  const random = seededRandom(seed ^ 0xd15);

  const everyMinute = () => {
    const nowMs = time.nowMs();
    const value = loadAt(nowMs);
    workload.follow(value);
    if (board.fateOf('store.write', null) === null)
      kpis.write([
        { measurement: 'kpi', tags: { pool: POOL, signal: SIGNAL, source: 'app' }, fields: { value }, timeMs: nowMs },
      ]);
    if (board.fateOf('bus.call', null) === null)
      void bus.publish(
        subjects.sample(POOL, SIGNAL),
        encodeSample({ pool: POOL, signal: SIGNAL, source: 'app', timeMs: nowMs, value }),
      );
    time.at(nowMs + TICK_MS, everyMinute);
  };
  const begin = (fault: Fault) => {
    say(`begins: ${describeFault(fault)}`);
    if (fault.on === 'process') processes.begin(fault);
    else if (fault.on === 'world') disturb({ time, cluster, seen, observer, workload, random, say }, fault);
    else if (fault.on === 'calls') {
      board.begin(fault);
      time.at(fault.untilMs, () => {
        say(`ends: ${fault.name}`);
        board.end(fault);
      });
    }
  };
  time.at(START_MS, everyMinute);
  time.at(START_MS + 1, () => processes.start());
  for (const fault of faults) time.at(fault.fromMs, () => begin(fault));

  const settled = (): Settled => ({ cluster, seen, observer, journal: processes.journal, loadAt });
  for (const storm of storms) {
    await time.runUntil(storm.settledMs + CONVERGED_MS);
    const why = [...(await whyUnsettled(settled())), ...(await processes.unready())];
    if (why.length > 0) observer.find('unconverged', why.join('; '));
    else say('at rest');
  }
  await time.runUntil(START_MS + DAY_MS);
  const why = [...(await whyUnsettled(settled())), ...whyTooMany(settled()), ...(await processes.unready())];
  if (why.length > 0) observer.find('unconverged', `at the end: ${why.join('; ')}`);
  for (const orphan of await orphansOf(settled())) observer.find('orphans', orphan);
  processes.stop();
  await bus.close();
  return { seed, findings: observer.findings };
}
