import { seededRandom } from '@forescale/shared/time';
import type { Fault } from '../faults/fault.ts';
import { orphansOf, type Settled, whyTooMany, whyUnsettled } from '../observe/convergence.ts';
import type { Finding } from '../observe/findings.ts';
import { describeFault } from '../words.ts';
import { DAY_MS, START_MS } from '../world/scenario.ts';
import { collectEveryMinute } from './collect.ts';
import { createDayWorld, type DayOptions, type DayWorld } from './day-world.ts';
import { disturb } from './disturb.ts';
import { Processes } from './processes.ts';

/** After the last fault of a storm, and the waits that belong to it, the pool is at rest within so long. */
const CONVERGED_MS = 10 * 60_000;

export interface Day {
  readonly seed: number;
  readonly findings: readonly Finding[];
}

/** One simulated day of one actuator in a world that goes wrong as the seed says. */
export async function runDay(options: DayOptions): Promise<Day> {
  const world = createDayWorld(options);
  const { seed, storms, time, observer, say } = world;
  const processes = new Processes(world);
  const random = seededRandom(seed ^ 0xd15);
  time.at(START_MS, () => collectEveryMinute(world));
  time.at(START_MS + 1, () => processes.start());
  for (const fault of storms.flatMap(({ faults }) => faults)) {
    time.at(fault.fromMs, () => {
      say(`begins: ${describeFault(fault)}`);
      if (fault.on === 'process') processes.begin(fault);
      else if (fault.on === 'world') disturb({ ...world, random }, fault);
      else if (fault.on === 'calls') failCalls(world, fault);
    });
  }
  for (const storm of storms) {
    await time.runUntil(storm.settledMs + CONVERGED_MS);
    const why = [...(await whyUnsettled(settled(world, processes))), ...(await processes.unready())];
    if (why.length > 0) observer.find('unconverged', why.join('; '));
    else say('at rest');
  }
  await time.runUntil(START_MS + DAY_MS);
  await judgeEnd(world, processes);
  processes.stop();
  await world.bus.close();
  return { seed, findings: observer.findings };
}

function failCalls({ board, time, say }: DayWorld, fault: Extract<Fault, { on: 'calls' }>): void {
  board.begin(fault);
  time.at(fault.untilMs, () => {
    say(`ends: ${fault.name}`);
    board.end(fault);
  });
}

async function judgeEnd(world: DayWorld, processes: Processes): Promise<void> {
  const { observer } = world;
  const now = settled(world, processes);
  const why = [...(await whyUnsettled(now)), ...whyTooMany(now), ...(await processes.unready())];
  if (why.length > 0) observer.find('unconverged', `at the end: ${why.join('; ')}`);
  for (const orphan of await orphansOf(now)) observer.find('orphans', orphan);
}

function settled({ cluster, seen, observer, loadAt }: DayWorld, processes: Processes): Settled {
  return { cluster, seen, observer, journal: processes.journal, loadAt };
}
