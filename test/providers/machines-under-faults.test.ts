import type { Machine } from '@forescale/actuator/providers';
import { describe, expect, it } from 'vitest';
import { whyNoModels } from './aws/service-model.ts';
import { openMachines } from './aws/target.ts';
import { openDocker } from './docker/target.ts';
import { CLUSTER, driven, guarded, namesOf, pass, requestOf } from './driver.ts';
import { openMachines as openGcp } from './gcp/target.ts';
import { openHetzner } from './hetzner/target.ts';
import type { Target } from './target.ts';

const SHARE = 0.3;
const TRIES_MAX = 100;

/** As execution does it: asks, looks where it cannot know, and asks again. */
async function made(target: Target, name: string): Promise<Machine> {
  const machines = guarded(target);
  for (let i = 0; i < TRIES_MAX; i++) {
    const answer = await driven(target, machines.create(requestOf(target, name))).catch(() => null);
    if (answer?.machines[0]) return answer.machines[0];
    const found = await driven(target, machines.find(name, target.onDemand)).catch(() => []);
    const alive = found.find(({ state }) => state !== 'terminating');
    if (alive) return alive;
  }
  throw new Error(`${name} was not made`);
}

async function ended(target: Target, { id }: Machine): Promise<void> {
  const machines = guarded(target);
  for (let i = 0; i < TRIES_MAX; i++) {
    const state = await driven(target, machines.terminate(id, target.onDemand)).catch(() => 'unknown');
    if (state === 'gone') return;
    pass(target, 10_000);
  }
  throw new Error(`${id} did not go`);
}

describe.each<[kind: string, open: () => Promise<Target>]>([
  ['gcp', openGcp],
  ['hetzner', openHetzner],
  ['docker', openDocker],
  // Where its requests can be checked.
  ...(whyNoModels() === null ? [['aws', openMachines] as [string, () => Promise<Target>]] : []),
])('provider %s, where three calls in ten go wrong', (_kind, open) => {
  it.each([1, 2, 3])('makes nothing twice and leaves nothing over, seed %i', async (seed) => {
    const target = await open();
    try {
      target.endpoint.failAtRandom(SHARE, seed);
      const machines = await Promise.all(namesOf(20).map((name) => made(target, name)));
      expect([...target.endpoint.running()].sort()).toEqual(machines.map(({ id }) => id).sort());
      expect(new Set(machines.map(({ requestId }) => requestId)).size).toBe(20);
      await Promise.all(machines.map((machine) => ended(target, machine)));
      expect(target.endpoint.running()).toEqual([]);
      target.endpoint.failAtRandom(0, seed);
      pass(target, 60_000);
      expect((await driven(target, guarded(target).list(CLUSTER))).machines).toEqual([]);
    } finally {
      await target.close();
    }
  });
});
