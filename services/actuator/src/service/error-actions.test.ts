import { type Bus, createInProcessBus } from '@forescale/shared/bus';
import { parseConfig } from '@forescale/shared/config';
import { Readiness } from '@forescale/shared/service';
import { createSqliteStore } from '@forescale/shared/store';
import { silentInstruments, silentLog } from '@forescale/shared/telemetry';
import { ManualClock, seededRandom } from '@forescale/shared/time';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeCloud } from '../execute/fakes/fake-cloud.ts';
import { FakeCluster } from '../execute/fakes/fake-cluster.ts';
import { FakeState } from '../execute/fakes/fake-state.ts';
import { type PlanMemory, planMemorySchema } from '../plan/index.ts';
import type { ErrorClass, ProviderError } from '../providers/errors.ts';
import type { CreateResult, MachineRequest } from '../providers/port.ts';
import { RECORDED, type Recorded } from '../providers/recorded-answers.test-data.ts';
import { type Actuator, startActuator } from './actuator.ts';

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 2, 2, 9);

/** Two zones of the region `eu`, each with a spot offering, which is the cheapest; and one of another region. */
const CONFIG = `autoscaler:
  pools:
    - name: web
      mode: enforce
      provider: { kind: simulated, url: "http://127.0.0.1:1" }
      signals: [{ name: rps, capacity_per_node: 100 }]
      bounds: { min_nodes: 1, max_nodes: 20 }
      spot: { share: 1 }
      offerings:
        - { instance_type: small, region: eu, zone: a, capacity_type: spot, usd_per_hour: 0.1 }
        - { instance_type: small, region: eu, zone: a, usd_per_hour: 0.3 }
        - { instance_type: small, region: eu, zone: b, capacity_type: spot, usd_per_hour: 0.2 }
        - { instance_type: small, region: eu, zone: b, usd_per_hour: 0.4 }
        - { instance_type: small, region: us, zone: c, usd_per_hour: 0.5 }
`;

/** A cloud that answers the first creations as it is told; `made`: it has made the machine all the same. */
class AnsweringCloud extends FakeCloud {
  readonly requests: MachineRequest[] = [];
  answers: { readonly error: ProviderError; readonly made: boolean }[] = [];

  override async create(request: MachineRequest, signal: AbortSignal): Promise<CreateResult> {
    this.requests.push(request);
    const answer = this.answers.shift();
    if (answer === undefined) return await super.create(request, signal);
    if (answer.made) await super.create(request, signal);
    throw answer.error;
  }

  get asked(): string[] {
    return this.requests.map(({ offering }) => `${offering.zone} ${offering.capacityType}`);
  }
}

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** An actuator that wants one node, on the cloud above. */
class Scene {
  readonly clock = new ManualClock(START_MS);
  readonly cloud = new AnsweringCloud(this.clock);
  readonly cluster = new FakeCluster();
  readonly state = new FakeState();
  readonly readiness = new Readiness();
  readonly breakers = new Map<string, number>();
  readonly bus: Bus = createInProcessBus({ clock: this.clock });
  actuator!: Actuator;

  static async create(...answers: AnsweringCloud['answers']): Promise<Scene> {
    const scene = new Scene();
    const { clock, cluster, state, readiness, bus, breakers, cloud } = scene;
    cloud.answers = answers;
    const store = await createSqliteStore({ path: ':memory:', clock });
    const tags = { pool: 'web', signal: 'rps', source: 'test' };
    await store.write([{ measurement: 'kpi', tags, fields: { value: 50 }, timeMs: START_MS }]);
    scene.actuator = await startActuator({
      config: parseConfig(CONFIG, 'test', {}),
      reader: cluster,
      writer: cluster,
      store,
      bus,
      state,
      clock,
      ioClock: clock,
      random: seededRandom(5),
      readiness,
      instruments: {
        ...silentInstruments(),
        breakerState: {
          record: (value, labels) => breakers.set(`${labels?.region} ${labels?.operation}`, value),
        },
      },
      log: silentLog(),
      homeNode: null,
      openProvider: async () => cloud,
    });
    open.push(async () => {
      await bus.close();
      await store.close();
    });
    return scene;
  }

  /** One tick; time passes while its calls wait. */
  async tick(): Promise<void> {
    let done = false;
    const tick = this.actuator.tick(this.clock.nowMs()).finally(() => {
      done = true;
    });
    tick.catch(() => undefined);
    for (let turns = 0; !done && turns < 100_000; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!done && turns > 20) this.clock.advanceTo(this.clock.nowMs() + 10);
    }
    await tick;
  }

  get warnings(): string[] {
    return this.cluster.events.filter(({ type }) => type === 'Warning').map(({ reason }) => reason);
  }

  /** By offering, for how many minutes from the start it is passed over. */
  async marks(): Promise<Record<string, number>> {
    const entry = await this.state.get('memory.web');
    const memory: PlanMemory = planMemorySchema.parse(JSON.parse(new TextDecoder().decode(entry?.value)));
    const minutes = Object.entries(memory.marks).map(([id, { untilMs }]) => [id, (untilMs - START_MS) / MINUTE_MS]);
    return Object.fromEntries(minutes);
  }

  async troubles(): Promise<Readonly<Record<string, string>>> {
    return (await this.readiness.report()).reasons;
  }
}

const of = (...classes: readonly ErrorClass[]) =>
  RECORDED.filter(({ errorClass }) => errorClass !== null && classes.includes(errorClass)).map(
    (one): [name: string, one: Recorded, error: ProviderError] => [one.name, one, one.error as ProviderError],
  );

const SCOPES = {
  offering: ['small/eu/a/spot'],
  zone: ['small/eu/a/on_demand', 'small/eu/a/spot'],
  spot: ['small/eu/a/spot', 'small/eu/b/spot'],
  region: ['small/eu/a/on_demand', 'small/eu/a/spot', 'small/eu/b/on_demand', 'small/eu/b/spot'],
};
/** What is cheapest of the rest. */
const NEXT = { offering: 'b spot', zone: 'b spot', spot: 'a on_demand', region: 'c on_demand' };

describe('from an answer to what is done about it', () => {
  it.each(of('capacity', 'quota'))(
    '%s: the offering is marked, and the next one is bought at once',
    async (_, one, error) => {
      const scene = await Scene.create({ error, made: false });
      await scene.tick();
      const scope = one.scope ?? 'offering';
      expect(scene.cloud.asked).toEqual(['a spot', NEXT[scope]]);
      expect(await scene.marks()).toEqual(Object.fromEntries(SCOPES[scope].map((id) => [id, one.minutes])));
      expect(scene.cloud.running).toHaveLength(1);
      expect(scene.breakers.get('eu create')).toBe(0);
      expect(scene.warnings).toEqual([
        error.errorClass === 'capacity' ? 'InsufficientCapacityError' : 'FailedToScaleUp',
      ]);
      expect(await scene.troubles()).toEqual({});
    },
  );

  it.each(of('throttled').filter(([, , { retryAfterMs }]) => retryAfterMs === null))(
    '%s: the same call again after a while',
    async (_name, _one, error) => {
      const scene = await Scene.create({ error, made: false });
      await scene.tick();
      expect(scene.cloud.asked).toEqual(['a spot', 'a spot']);
      expect(scene.clock.nowMs() - START_MS).toBeGreaterThanOrEqual(200);
      expect(new Set(scene.cloud.requests.map(({ token }) => token)).size).toBe(1);
      expect(scene.cloud.running).toHaveLength(1);
      expect(await scene.marks()).toEqual({});
      expect(scene.breakers.get('eu create')).toBe(0);
    },
  );

  it.each(of('throttled').filter(([, , { retryAfterMs }]) => retryAfterMs !== null))(
    '%s, for longer than a tick waits: nothing is sent before that is over',
    async (_name, _one, error) => {
      const scene = await Scene.create({ error, made: false });
      await scene.tick();
      scene.clock.advanceTo(START_MS + 10_000);
      await scene.tick();
      expect(scene.cloud.asked).toEqual(['a spot']);
      expect(await scene.marks()).toEqual({});
      scene.clock.advanceTo(START_MS + 1_000 + (error.retryAfterMs ?? 0));
      await scene.tick();
      expect(scene.cloud.asked).toEqual(['a spot', 'a spot']);
      expect(scene.cloud.running).toHaveLength(1);
    },
  );

  it.each(of('transient'))(
    '%s: the same token again, and one machine whether or not it was made',
    async (_name, _one, error) => {
      for (const made of [true, false]) {
        const scene = await Scene.create({ error, made });
        await scene.tick();
        expect(scene.cloud.asked).toEqual(['a spot', 'a spot']);
        expect(new Set(scene.cloud.requests.map(({ token }) => token)).size).toBe(1);
        expect(scene.cloud.machines.size).toBe(1);
        expect(await scene.marks()).toEqual({});
        expect(scene.warnings).toEqual([]);
      }
    },
  );

  it.each(of('auth'))(
    '%s: the breaker opens, an event says so, and nothing else is tried',
    async (_name, _one, error) => {
      const scene = await Scene.create({ error, made: false });
      await scene.tick();
      expect(scene.cloud.asked).toEqual(['a spot']);
      expect(scene.breakers.get('eu create')).toBe(2);
      expect(scene.breakers.get('eu delete')).toBe(0);
      expect(scene.warnings).toEqual(['FailedToScaleUp']);
      expect(await scene.marks()).toEqual({});
      expect(await scene.troubles()).toEqual({ 'orders of pool web': `auth: ${error.message}` });
      // A human has changed something.
      scene.clock.advanceTo(START_MS + MINUTE_MS);
      await scene.tick();
      expect(scene.cloud.running).toHaveLength(1);
      expect(scene.breakers.get('eu create')).toBe(0);
      expect(await scene.troubles()).toEqual({});
    },
  );

  it.each(of('config'))(
    '%s: the pool fails with an event, and tries nothing else in this tick',
    async (_, one, error) => {
      const scene = await Scene.create({ error, made: false });
      await scene.tick();
      expect(scene.cloud.asked).toEqual(['a spot']);
      expect(scene.warnings).toEqual(['FailedToScaleUp']);
      expect(await scene.troubles()).toEqual({ 'orders of pool web': `config: ${error.message}` });
      expect(await scene.marks()).toEqual({ 'small/eu/a/spot': one.minutes });
      expect(scene.breakers.get('eu create')).toBe(0);
      // It may be the one offering that is wrong.
      scene.clock.advanceTo(START_MS + MINUTE_MS);
      await scene.tick();
      expect(scene.cloud.asked).toEqual(['a spot', 'b spot']);
      expect(await scene.troubles()).toEqual({});
    },
  );

  it.each(of('conflict'))('%s: what exists is adopted', async (_name, _one, error) => {
    const scene = await Scene.create({ error, made: true });
    await scene.tick();
    expect(scene.cloud.asked).toEqual(['a spot']);
    expect(scene.cloud.machines.size).toBe(1);
    expect(scene.warnings).toEqual([]);
    const [key] = await scene.state.keys('node.web.');
    const record = JSON.parse(new TextDecoder().decode((await scene.state.get(key ?? ''))?.value));
    expect(record).toMatchObject({ state: 'requested', machineIds: ['m-1'] });
  });
});

describe('a fleet that was made in part', () => {
  it('none of it: the failure that it lists counts as if the call had failed', async () => {
    const [, one, error] = of('capacity').find(([name]) => name.includes('Subnet')) as [
      string,
      Recorded,
      ProviderError,
    ];
    const scene = await Scene.create();
    const { cloud } = scene;
    const create = cloud.create.bind(cloud);
    let calls = 0;
    cloud.create = async (request, signal) => {
      if (calls++ > 0) return await create(request, signal);
      cloud.requests.push(request);
      return { machines: [], failures: [error] };
    };
    await scene.tick();
    expect(cloud.asked).toEqual(['a spot', 'b spot']);
    expect(await scene.marks()).toEqual(Object.fromEntries(SCOPES.zone.map((id) => [id, one.minutes])));
  });
});
