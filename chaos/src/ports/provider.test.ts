import type { MachineRequest } from '@forescale/actuator/providers';
import { seededRandom } from '@forescale/shared/time';
import { describe, expect, it } from 'vitest';
import { FaultBoard } from '../faults/fault-board.ts';
import { Observer } from '../observe/observer.ts';
import { ProcessLife } from '../time/process-life.ts';
import { VirtualTime } from '../time/virtual-time.ts';
import { createCluster, POOL, pool, START_MS } from '../world/scenario.ts';
import { SeenObjects } from './kube.ts';
import { Link } from './link.ts';
import { CloudProvider } from './provider.ts';

const MINUTE_MS = 60_000;

/** One machine more than the max is asked for by a process that is held in the middle of the call, if at all. */
async function found(isHeld: boolean, leads: boolean): Promise<string[]> {
  const cluster = createCluster(1);
  const time = new VirtualTime(START_MS, (nowMs) => cluster.step(nowMs));
  const observer = new Observer(
    cluster,
    new SeenObjects(),
    () => 10_000,
    () => undefined,
  );
  const life = new ProcessLife(time, 0, () => undefined);
  const link = new Link(life, time, new FaultBoard(seededRandom(1)), seededRandom(1));
  const provider = new CloudProvider(cluster.cloud, link, observer, () => leads);
  const signal = new AbortController().signal;
  await time.runUntil(START_MS + 2 * MINUTE_MS);
  const answers = Array.from({ length: 7 }, (_, i) => provider.create(request(`n-${i}`), signal));
  if (isHeld) life.freeze();
  time.at(time.nowMs() + 5 * MINUTE_MS, () => life.thaw());
  await time.runUntil(time.nowMs() + 6 * MINUTE_MS);
  await Promise.all(answers);
  return observer.findings.map(({ kind }) => kind);
}

function request(name: string): MachineRequest {
  const [offering] = pool.offerings;
  if (offering === undefined) throw new Error('the pool has no offering');
  const common = { clusterTag: createCluster(1).clusterId, pool: POOL, labels: {}, taints: [], createdMs: START_MS };
  return { requestId: name, token: name, nodeName: name, offering, groupSize: 1, ...common };
}

describe('chaos provider', () => {
  it.each([
    [false, true, ['bound_breaks'], 'a machine above the max'],
    [true, true, [], 'one that its leader asked for before it was held: no check of its own comes later'],
    [true, false, ['bound_breaks'], 'one that was asked for by a process that did not lead, held or not'],
  ] as const)('held %s, leads %s: finds %j: %s', async (isHeld, leads, kinds, _what) => {
    expect(await found(isHeld, leads)).toEqual(kinds);
  });
});
