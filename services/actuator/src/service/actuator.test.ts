import { FORECAST_LEVELS, type Forecast } from '@forescale/shared/domain';
import { decodeEvent, planSchema, streams, subjects } from '@forescale/shared/wire';
import { describe, expect, it } from 'vitest';
import { MINUTE_MS, Scene, START_MS } from './fakes/scene.ts';

/** True the first time that `predicate` is. */
function once<T>(predicate: (value: T) => boolean): (value: T) => boolean {
  let done = false;
  return (value) => {
    const isFirst = !done && predicate(value);
    done ||= isFirst;
    return isFirst;
  };
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe('actuator: what it does', () => {
  it('buys what the observed load needs, tells of every step, and stays at rest after', async () => {
    const scene = await Scene.create();
    scene.load = 350;
    await scene.ticks(5);
    expect(scene.cluster.nodes.size).toBe(4);
    expect(scene.plan).toMatchObject({ need: 4, desired: 4, ready: 4, starting: 0, actions: [] });
    expect([...new Set(scene.nodeEvents)]).toEqual(['requested', 'launched', 'registered', 'ready']);
    const last = await scene.bus.last(streams.plan.name, subjects.plan('web'));
    expect(decodeEvent(last?.data ?? new Uint8Array(), planSchema)).toMatchObject({ desired: 4, mode: 'enforce' });
    const rows = await scene.store.query({ measurement: 'plan', fields: ['ready', 'mode'], limit: 100 });
    expect(rows.map((row) => row.fields.ready)).toEqual([0, 0, 4, 4, 4]);
    const ready = await scene.store.query({ measurement: 'node', fields: ['event', 'seconds'], limit: 100 });
    expect(ready.filter((row) => row.fields.event === 'ready').map((row) => row.fields.seconds)).toEqual([
      90, 90, 90, 90,
    ]);
    expect(await scene.readiness.report()).toEqual({ ready: true, reasons: {} });
  });

  it('buys before the load when the forecast says so', async () => {
    const scene = await Scene.create();
    await scene.publishForecast(780);
    await scene.ticks(3);
    expect(scene.cloud.running).toHaveLength(8);
    expect(scene.plan.reasons.some((reason) => reason.code === 'forecast-rejected')).toBe(false);
  });

  it('in mode observe it decides all the same and changes nothing', async () => {
    const scene = await Scene.create('      mode: observe');
    scene.load = 350;
    await scene.ticks(3);
    expect(scene.plan.actions.map(({ kind, count }) => [kind, count])).toEqual([['create', 4]]);
    expect(scene.cloud.createTimesMs).toEqual([]);
    expect(await scene.state.keys('node.')).toEqual([]);
    const decisions = scene.actuator.pools(scene.clock.nowMs())[0]?.decisions;
    expect(decisions?.map((decision) => decision.kind)).toEqual(['create']);
    expect(scene.cluster.events.map((event) => event.reason)).toEqual(['WouldScaleUp']);
  });

  it('an offering without machines is marked, and the next one is bought in the same tick', async () => {
    const scene = await Scene.create();
    scene.cloud.fault = (call, request) => (call === 'create' && request?.offering.zone === 'a' ? 'capacity' : null);
    await scene.tick();
    expect(scene.cloud.running).toHaveLength(2);
    const zones = scene.actuator.pools(scene.clock.nowMs())[0]?.plan?.actions.map((action) => action.target);
    expect(zones).toEqual(['small a on_demand', 'small b on_demand']);
    expect(scene.cluster.events.map((event) => event.reason)).toContain('InsufficientCapacityError');
    const before = scene.cloud.createTimesMs.length;
    scene.load = 250;
    await scene.tick();
    // The mark was kept: nobody asks zone a again.
    expect(scene.cloud.createTimesMs.length - before).toBe(1);
    expect(scene.cloud.running).toHaveLength(3);
  });

  it('lets nodes go when the load has fallen, one window after the last scale-up', async () => {
    const scene = await Scene.create();
    scene.load = 950;
    await scene.ticks(4);
    expect(scene.cluster.nodes.size).toBe(10);
    scene.load = 50;
    await scene.ticks(60);
    expect(scene.cloud.running).toHaveLength(1);
    expect(scene.cluster.nodes.size).toBe(1);
    expect(scene.nodeEvents).toContain('removed');
  });

  it('learns how long nodes take, and keeps it over a restart', async () => {
    const scene = await Scene.create();
    scene.load = 950;
    await scene.ticks(4);
    const taken = Array.from({ length: 10 }, () => 90);
    const kept = await scene.state.get('lead.web');
    expect(JSON.parse(new TextDecoder().decode(kept?.value))).toEqual({
      seconds: taken,
      offerings: [['small/local/a/on_demand', taken]],
    });
  });

  it('learns what a node carries of a signal that does not say, plans by it, and says so', async () => {
    const scene = await Scene.create('      mode: observe', '[{ name: rps }]');
    for (let minute = 0; minute < 1_440; minute += 5) {
      const timeMs = START_MS - minute * MINUTE_MS;
      const pods = 20 + Math.round(10 * Math.sin(minute / 200));
      // A pod of 500 mCPU serves 20; eight of them fill a node.
      const values = { rps: 20 * pods, 'requested-cpu': 500 * pods, 'requested-memory': pods, 'requested-pods': pods };
      const points = Object.entries(values).map(([signal, value]) => ({
        measurement: 'kpi',
        tags: { pool: 'web', signal, source: 'test' },
        fields: { value },
        timeMs,
      }));
      await scene.store.write(points);
    }
    scene.load = 500;
    await scene.tick();
    expect(scene.plan).toMatchObject({ need: 0, capacities: [{ signal: 'rps', per_node: null, from: 'unknown' }] });
    await scene.tick();
    expect(scene.plan).toMatchObject({ need: 4, capacities: [{ signal: 'rps', from: 'learned' }] });
    expect(scene.plan.capacities?.[0]?.per_node).toBeCloseTo(160, 0);
    expect(scene.plan.lead_time).toMatchObject({ seconds: 180 });
  });

  it('of two actuators that plan at the same time one acts', async () => {
    const scene = await Scene.create();
    await scene.ticks(4);
    const first = scene.actuator;
    await scene.start('      mode: enforce');
    scene.load = 950;
    await Promise.all([first.tick(scene.clock.nowMs()), scene.tick()]);
    await scene.ticks(3);
    expect(scene.cloud.madeByToken.size).toBe(10);
  });

  it('of two actuators that plan in turn each acts on what the other did', async () => {
    const scene = await Scene.create();
    await scene.ticks(4);
    const first = scene.actuator;
    await scene.start('      mode: enforce');
    const second = scene.actuator;
    await scene.tick();
    scene.load = 950;
    scene.actuator = first;
    await scene.tick();
    expect(scene.cloud.running).toHaveLength(10);
    // The machines boot still: the other one knows of them from the journal only.
    scene.actuator = second;
    await scene.tick();
    expect(scene.cloud.madeByToken.size).toBe(10);
  });
});

describe('actuator: one that was held while another took over', () => {
  it('orders nothing on what it had planned', async () => {
    const scene = await Scene.create();
    await scene.ticks(4);
    const { promise: held, resolve: goOn } = Promise.withResolvers<void>();
    scene.state.holds = (key) => (key.startsWith('node.') ? held : Promise.resolve());
    scene.load = 950;
    const stale = scene.tick();
    await turns(20);
    scene.state.holds = async () => undefined;
    await scene.start('      mode: enforce');
    await scene.tick();
    expect(scene.cloud.running).toHaveLength(10);
    goOn();
    await stale;
    await scene.ticks(3);
    expect(scene.cloud.madeByToken.size).toBe(10);
    expect(await scene.state.keys('node.')).toHaveLength(10);
  });

  it('leaves the orders that its successor has taken over', async () => {
    const scene = await Scene.create();
    await scene.ticks(4);
    const { promise: held, resolve: goOn } = Promise.withResolvers<void>();
    let written = 0;
    scene.state.answers = (key) => (key.startsWith('node.') && ++written > 0 ? held : Promise.resolve());
    scene.load = 950;
    const stale = scene.tick();
    await turns(20);
    expect(written).toBe(8);
    scene.state.answers = async () => undefined;
    await scene.start('      mode: enforce');
    await scene.ticks(2);
    expect(scene.cloud.running).toHaveLength(10);
    goOn();
    await stale;
    await scene.ticks(3);
    expect(scene.cloud.madeByToken.size).toBe(10);
    expect(await scene.state.keys('node.')).toHaveLength(10);
  });

  it('and was killed before it could withdraw its orders: those above max are never sent', async () => {
    const scene = await Scene.create();
    await scene.ticks(4);
    scene.state.answers = (key) => (key.startsWith('node.') ? new Promise<void>(() => {}) : Promise.resolve());
    scene.load = 950;
    void scene.tick();
    await turns(20);
    scene.state.answers = async () => undefined;
    await scene.start('      mode: enforce');
    const until = new Date(scene.clock.nowMs() + 600_000).toISOString();
    const request = { max: 3, until, by: 'ops', why: 'budget' };
    await scene.actuator.override('web', new TextEncoder().encode(JSON.stringify(request)), 'http 127.0.0.1');
    await scene.ticks(6);
    expect(scene.cloud.madeByToken.size).toBe(3);
    expect(await scene.state.keys('node.')).toHaveLength(3);
  });
});

describe('actuator: forecasts that are not to be believed', () => {
  const told = (scene: Scene) =>
    scene.cluster.events.filter(({ reason }) => reason.startsWith('Forecast')).map(({ reason }) => reason);
  const accuracy = { wql: 0.2, mase: 1, coverage90: 0.9, coverage99: 1, relativeError: 0.7, hours: 24 };
  const notANumber = FORECAST_LEVELS.map(() => Array.from({ length: 60 }, () => Number.NaN));

  it.each<[string, Partial<Forecast>, string]>([
    ['expired', { validUntilMs: START_MS - MINUTE_MS }, ' s ago'],
    [
      'worse than seasonal-naive for a day',
      { accuracy: { ...accuracy, relativeError: 2 } },
      'worse than seasonal-naive',
    ],
    ['not finite, and so no number in JSON', { quantiles: notANumber }, 'cannot be read: quantiles.0.1.0 = null'],
    ['of another signal', { signal: 'cpu' }, 'is for signal cpu'],
  ])('one that is %s: observed load, one event, and one more when a good one comes', async (_, bad, why) => {
    const scene = await Scene.create();
    await scene.publishForecast(780, bad);
    await scene.ticks(3);
    // The load of 150 needs two nodes; the forecast would have had eight.
    expect(scene.cloud.running).toHaveLength(2);
    const rejection = scene.plan.reasons.filter(({ code }) => code === 'forecast-rejected');
    expect(rejection).toEqual([{ code: 'forecast-rejected', text: expect.stringContaining(why) }]);
    expect(told(scene)).toEqual(['ForecastRejected']);
    expect(scene.cluster.events.find(({ reason }) => reason === 'ForecastRejected')).toMatchObject({
      type: 'Warning',
      message: expect.stringMatching(/^pool web: forecast of rps .*; the observed load goes on alone$/),
    });
    expect(scene.rejected).toEqual(new Map([['rps', 1]]));

    await scene.publishForecast(780, { accuracy });
    await scene.ticks(3);
    expect(scene.cloud.running).toHaveLength(8);
    expect(scene.plan.reasons.filter(({ code }) => code === 'forecast-rejected')).toEqual([]);
    expect(told(scene)).toEqual(['ForecastRejected', 'ForecastAccepted']);
    expect(scene.rejected).toEqual(new Map([['rps', 0]]));
    const decisions = scene.actuator.pools(scene.clock.nowMs())[0]?.decisions.map(({ kind }) => kind);
    expect(decisions).toEqual(['create', 'forecast-accepted', 'create', 'forecast-rejected']);
  });

  it('the predictor gone: its last forecast runs out, and nodes are held by the observed load alone', async () => {
    const scene = await Scene.create();
    await scene.publishForecast(780, { accuracy });
    await scene.ticks(11);
    expect(told(scene)).toEqual([]);
    await scene.ticks(60);
    expect(told(scene)).toEqual(['ForecastRejected']);
    expect(scene.cloud.running).toHaveLength(2);
  });
});

describe('actuator: what it survives', () => {
  it('store and bus away: it goes on, says so, and tells everything later', async () => {
    const scene = await Scene.create();
    await scene.ticks(2);
    scene.storeAway = true;
    scene.busAway = true;
    await scene.ticks(3);
    expect(Object.keys((await scene.readiness.report()).reasons).sort()).toEqual([
      'bus',
      'forecasts of pool web',
      'samples of pool web',
      'store',
    ]);
    expect(scene.cluster.nodes.size).toBe(2);
    scene.storeAway = false;
    scene.busAway = false;
    await scene.tick();
    expect(await scene.readiness.report()).toEqual({ ready: true, reasons: {} });
    const rows = await scene.store.query({ measurement: 'plan', fields: ['ready'], limit: 100 });
    expect(rows).toHaveLength(6);
    expect(scene.nodeEvents.filter((event) => event === 'ready')).toHaveLength(2);
  });

  it('the bucket away: nothing is bought that could not be journalled', async () => {
    const scene = await Scene.create();
    scene.state.away = true;
    await scene.ticks(2);
    expect(scene.cloud.createTimesMs).toEqual([]);
    expect(scene.plan.actions).not.toEqual([]);
    expect(Object.keys((await scene.readiness.report()).reasons)).toContain('state of pool web');
    scene.state.away = false;
    await scene.tick();
    expect(scene.cloud.running).toHaveLength(2);
  });

  it('an answer of the bucket lost while orders are open: nothing is ordered again', async () => {
    const scene = await Scene.create();
    scene.load = 350;
    scene.cloud.fault = (call) => (call === 'create' ? 'conflict' : null);
    await scene.tick();
    expect(scene.cloud.running).toHaveLength(0);
    scene.cloud.fault = () => null;
    scene.state.loses = once((key) => key.startsWith('node.'));
    await scene.ticks(4);
    expect(scene.cloud.madeByToken.size).toBe(4);
  });

  it('an answer of the bucket lost while an offering has no machines: only what is missing is ordered elsewhere', async () => {
    const scene = await Scene.create();
    scene.load = 350;
    let refused = 0;
    scene.cloud.fault = (call) => (call === 'create' && refused++ === 0 ? 'capacity' : null);
    let writes = 0;
    scene.state.loses = (key) => key.startsWith('node.') && ++writes === 5;
    await scene.ticks(4);
    expect(scene.cloud.madeByToken.size).toBe(4);
  });

  it('the cluster away: nothing is decided on an old picture', async () => {
    const scene = await Scene.create();
    scene.cluster.away = true;
    await scene.tick();
    expect(scene.actuator.pools(scene.clock.nowMs())[0]?.plan).toBeNull();
    expect((await scene.readiness.report()).reasons).toEqual({ kubernetes: 'the API server is away' });
  });

  it('the provider away: orders stay open and are carried out once', async () => {
    const scene = await Scene.create();
    scene.cloud.fault = () => 'transient';
    let done = false;
    const tick = scene.tick().then(() => {
      done = true;
    });
    while (!done) {
      await new Promise((resolve) => setImmediate(resolve));
      scene.clock.advanceTo(scene.clock.nowMs() + 100);
    }
    await tick;
    expect(Object.keys((await scene.readiness.report()).reasons)).toEqual(['provider of pool web']);
    scene.cloud.fault = () => null;
    await scene.ticks(4);
    expect(scene.cloud.madeByToken.size).toBe(2);
    expect(scene.cluster.nodes.size).toBe(2);
  });
});
