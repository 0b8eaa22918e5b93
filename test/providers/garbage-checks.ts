import type {
  CreateResult,
  Interruption,
  Machine,
  MachineProvider,
  MachineRequest,
  Place,
} from '@forescale/actuator/providers';
import { expect } from 'vitest';
import { Gate } from '../../services/actuator/src/execute/fakes/gate.ts';
import {
  MINUTE_MS,
  ONE_TRY,
  testPool,
  World,
  type WorldCloud,
} from '../../services/actuator/src/execute/fakes/world.ts';
import type { Check } from './conformance.ts';
import { driven, requestOf, signal } from './driver.ts';
import type { Target } from './target.ts';

/** The provider of a target, at whose calls a process can be killed: before it sends, and when the answer is there. */
class GatedProvider implements WorldCloud {
  readonly kind: string;
  gate = new Gate();
  listed: readonly Machine[] = [];
  readonly groups: NonNullable<MachineProvider['groups']>;
  readonly #target: Target;

  constructor(target: Target) {
    this.#target = target;
    this.kind = target.provider.kind;
    const { groups } = target.provider;
    this.groups = {
      groupOf: (offering) => groups?.groupOf(offering) ?? null,
      trim: async (...args) => this.gate.effect(() => groups?.trim(...args)),
    };
  }

  create(request: MachineRequest, abort: AbortSignal): Promise<CreateResult> {
    return this.gate.effect(() => this.#target.provider.create(request, abort));
  }

  find(requestId: string, place: Place, abort: AbortSignal): Promise<readonly Machine[]> {
    return this.gate.effect(() => this.#target.provider.find(requestId, place, abort));
  }

  list(clusterTag: string, abort: AbortSignal): Promise<readonly Machine[]> {
    return this.gate.effect(async () => {
      this.listed = await this.#target.provider.list(clusterTag, abort);
      return this.listed;
    });
  }

  terminate(machineId: string, place: Place, abort: AbortSignal): Promise<'terminating' | 'gone'> {
    return this.gate.effect(() => this.#target.provider.terminate(machineId, place, abort));
  }

  async interruptions(): Promise<readonly Interruption[]> {
    return [];
  }

  get running(): readonly Machine[] {
    const alive = new Set(this.#target.endpoint.running());
    return this.listed.filter(({ id }) => alive.has(id));
  }
}

/** The world of the executor's own tests, on a provider behind a real socket. */
class TargetWorld extends World<GatedProvider> {
  readonly #target: Target;

  constructor(target: Target, seed: number) {
    const pool = testPool({ offerings: [target.onDemand] });
    super(target.clock, new GatedProvider(target), pool, { ...ONE_TRY, timeoutMs: 120_000 }, seed);
    this.#target = target;
  }

  override driven<T>(work: Promise<T>): Promise<T> {
    return driven(this.#target, work);
  }

  override async tick(): Promise<void> {
    await super.tick();
    this.#target.endpoint.step();
    // What the end point shows, for nodes to come of it.
    this.cloud.listed = await this.driven(this.#target.provider.list('cluster-1', signal()));
  }
}

const ids = (world: TargetWorld) => world.executor.records.flatMap(({ machineIds }) => machineIds).sort();

/** After a crash nothing is left over: neither by the journal, nor by the comparison with what the provider lists. */
export const garbageChecks: readonly Check[] = [1, 4, 7, 10, 13].map((killAt) => ({
  capability: 'garbage',
  it: `a process that dies at step ${killAt} leaves nothing over, and nothing twice`,
  async run(target) {
    const world = new TargetWorld(target, killAt);
    world.start(killAt);
    world.desired = 3;
    for (let i = 0; i < 6; i++) await world.tick();
    expect([...target.endpoint.running()].sort()).toEqual(ids(world));
    expect(world.executor.records.map(({ state }) => state)).toEqual(['ready', 'ready', 'ready']);
  },
}));

/** Where machines carry requests, one whose request nobody knows is somebody's mistake. */
export const orphanCheck: Check = {
  capability: 'garbage',
  it: 'a machine that the journal does not know goes after its grace',
  async run(target) {
    const world = new TargetWorld(target, 1);
    world.desired = 1;
    for (let i = 0; i < 4; i++) await world.tick();
    const stray = requestOf(target, 'web-t3k9p2-stray0', target.onDemand, { clusterTag: 'cluster-1' });
    await driven(target, target.provider.create(stray, signal()));
    world.neverRegisters = (nodeName) => nodeName === 'web-t3k9p2-stray0';
    expect(target.endpoint.running()).toHaveLength(2);
    target.clock.advanceTo(target.clock.nowMs() + 20 * MINUTE_MS);
    for (let i = 0; i < 16; i++) await world.tick();
    expect(target.endpoint.running()).toEqual(ids(world));
  },
};
