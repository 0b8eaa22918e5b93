import { parseConfig } from '@forescale/shared/config';
import { KubernetesRefusedError, KubernetesUnavailableError } from '@forescale/shared/kubernetes';
import { silentLog } from '@forescale/shared/telemetry';
import { describe, expect, it } from 'vitest';
import { FakeState } from '../execute/fakes/fake-state.ts';
import { AuditLines } from './fakes/audit-lines.ts';
import { FakeSurroundings } from './fakes/fake-surroundings.ts';
import { Scene } from './fakes/scene.ts';
import { Steering } from './steering.ts';

describe('actuator: overrides', () => {
  it('holds until its time is over, and is answered, kept and told', async () => {
    const scene = await Scene.create();
    await scene.tick();
    const answer = await scene.request({ min: 6, until: scene.until(3), by: 'ops', why: 'launch' });
    expect(JSON.parse(new TextDecoder().decode(answer.data))).toMatchObject({ ok: true, pool: 'web' });
    await scene.start('      mode: enforce');
    await scene.tick();
    expect(scene.cloud.running).toHaveLength(6);
    expect(scene.plan.floor_from).toBe('override');
    expect(scene.cluster.events.at(-2)?.message ?? '').toMatch(/override|min/i);
    await scene.ticks(3);
    expect(scene.plan.floor_from).toBe('pool');
  });

  it('a pause stops creation and removal', async () => {
    const scene = await Scene.create();
    await scene.tick();
    await scene.request({ pause: true, until: scene.until(60), by: 'ops', why: 'incident' });
    scene.load = 950;
    await scene.ticks(3);
    expect(scene.cloud.running).toHaveLength(2);
    expect(scene.plan.reasons[0]?.code).toBe('paused');
  });

  it('a pause that comes while calls wait for their turn stops them in the same tick', async () => {
    const scene = await Scene.create(undefined, undefined, ', rate_per_second: 0.2');
    scene.load = 1_950;
    let isPaused = false;
    await scene.slowTick((ms) => {
      if (ms < 20_000 || isPaused) return null;
      isPaused = true;
      return scene.request({ pause: true, until: scene.until(3), by: 'ops', why: 'incident' });
    });
    const sent = scene.cloud.createTimesMs.length;
    expect(sent).toBeGreaterThanOrEqual(3);
    expect(sent).toBeLessThanOrEqual(6);
    expect(scene.plan.actions).toMatchObject([{ kind: 'create', count: 20 }]);
    await scene.slowTick();
    expect(scene.cloud.createTimesMs).toHaveLength(sent);
    for (let i = 0; i < 4; i++) await scene.slowTick();
    expect(scene.cloud.createTimesMs.length).toBeGreaterThan(sent);
  });

  it('a lower max takes back what waits for its turn', async () => {
    const scene = await Scene.create(undefined, undefined, ', rate_per_second: 0.2');
    scene.load = 1_950;
    await scene.slowTick();
    const sent = scene.cloud.createTimesMs.length;
    expect(scene.plan.actions).toMatchObject([{ kind: 'create', count: 20 }]);
    await scene.request({ max: sent, until: scene.until(60), by: 'ops', why: 'too dear' });
    for (let i = 0; i < 3; i++) await scene.slowTick();
    expect(scene.cloud.createTimesMs).toHaveLength(sent);
    expect(await scene.state.keys('node.web.')).toHaveLength(sent);
  });

  it('pause and bounds end each on their own', async () => {
    const scene = await Scene.create();
    await scene.tick();
    await scene.request({ min: 6, until: scene.until(30), by: 'shop', why: 'launch' });
    await scene.request({ pause: true, until: scene.until(60), by: 'ops', why: 'incident' });
    // Who asks for bounds meanwhile does not end somebody's pause.
    await scene.request({ min: 5, until: scene.until(30), by: 'shop', why: 'a smaller launch' });
    await scene.tick();
    expect(scene.plan.reasons[0]).toEqual({ code: 'paused', text: 'paused by ops: incident' });
    expect(scene.cloud.running).toHaveLength(2);
    const answer = await scene.request({ pause: false, by: 'ops', why: 'over' });
    expect(JSON.parse(new TextDecoder().decode(answer.data))).toEqual({
      ok: true,
      pool: 'web',
      until: null,
      what: 'resumed, by ops: over',
    });
    await scene.tick();
    expect(scene.cloud.running).toHaveLength(5);
    await scene.request({ min: null, by: 'shop', why: 'called off' });
    await scene.tick();
    expect(scene.plan.floor_from).toBe('pool');
  });

  it('a pause is kept over a restart, and ends by itself', async () => {
    const scene = await Scene.create();
    await scene.tick();
    await scene.request({ pause: true, until: scene.until(3), by: 'ops', why: 'incident' });
    scene.load = 950;
    await scene.start('      mode: enforce');
    await scene.ticks(2);
    expect(scene.cloud.running).toHaveLength(2);
    await scene.ticks(2);
    expect(scene.cloud.running).toHaveLength(10);
  });

  it.each([
    [{ min: 5, max: 2 }, 'min = 5: allowed: at most max, which is 2'],
    [{ min: -1 }, 'min = -1'],
    [{ min: 1.5 }, 'min = 1.5'],
    [{ until: '2020-01-01T00:00:00Z' }, 'until = 2020-01-01T00:00:00.000Z: allowed: a time to come'],
    [{ until: '2036-01-01T00:00:00Z' }, 'allowed: at most 31 days ahead'],
    [{ until: 'tomorrow' }, 'until = "tomorrow": allowed: an RFC 3339 time'],
    [{ why: '' }, 'why = ""'],
    [{ maximum: 3 }, 'Unrecognized key: "maximum"'],
  ])('refuses %j', async (change, message) => {
    const scene = await Scene.create();
    await scene.tick();
    const body = { min: 2, until: scene.until(5), by: 'ops', why: 'test', ...change };
    await expect(scene.request(body)).rejects.toThrow(message);
    expect(await scene.state.keys('override.')).toEqual([]);
  });
});

describe('actuator: annotations of ConfigMap forescale-<pool>', () => {
  const CONFIG_MAP = 'forescale/forescale-web';
  const annotated = (annotations: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`forescale.dev/${key}`, value]));

  it('paused: nothing is created until the annotation goes', async () => {
    const scene = await Scene.create();
    scene.surroundings.configMaps.set(CONFIG_MAP, annotated({ paused: 'true', by: 'ops', why: 'upgrade' }));
    await scene.ticks(3);
    expect(scene.cloud.createTimesMs).toEqual([]);
    expect(scene.plan.reasons[0]).toEqual({ code: 'paused', text: 'paused by ops: upgrade' });
    expect(await scene.readiness.report()).toEqual({ ready: true, reasons: {} });
    scene.surroundings.configMaps.delete(CONFIG_MAP);
    await scene.tick();
    expect(scene.cloud.running).toHaveLength(2);
  });

  it('each change of them is a line of the audit, and only a change', async () => {
    const surroundings = new FakeSurroundings();
    const audit = new AuditLines();
    const config = parseConfig('autoscaler: {}', 'test', {});
    const steering = new Steering('web', { state: new FakeState(), surroundings, config, log: silentLog(), audit });
    surroundings.configMaps.set(CONFIG_MAP, annotated({ paused: 'true', by: 'ops', why: 'upgrade' }));
    for (const nowMs of [0, 1, 2]) await steering.readNotes(nowMs);
    surroundings.configMaps.delete(CONFIG_MAP);
    for (const nowMs of [3, 4]) await steering.readNotes(nowMs);
    const entry = { action: 'override', target: 'web', via: 'annotations', outcome: 'done' };
    expect(audit.entries).toEqual([
      { ...entry, by: 'ops', why: 'upgrade', before: 'none', after: 'paused' },
      { ...entry, by: `ConfigMap ${CONFIG_MAP}`, before: 'paused', after: 'none' },
    ]);
  });

  it('what cannot be read pauses, and is named until it can', async () => {
    const scene = await Scene.create();
    scene.surroundings.configMaps.set(CONFIG_MAP, annotated({ paused: 'yes' }));
    await scene.ticks(2);
    expect(scene.cloud.createTimesMs).toEqual([]);
    expect((await scene.readiness.report()).reasons).toEqual({
      'annotations of pool web':
        'ConfigMap forescale/forescale-web: annotation forescale.dev/paused = "yes": allowed: true or false; it is paused',
    });
    scene.surroundings.configMaps.set(CONFIG_MAP, annotated({ paused: 'false' }));
    await scene.tick();
    expect(scene.cloud.running).toHaveLength(2);
    expect(await scene.readiness.report()).toEqual({ ready: true, reasons: {} });
  });

  it('bounds hold until their time, below those that came over NATS', async () => {
    const scene = await Scene.create();
    const until = scene.until(10);
    scene.surroundings.configMaps.set(CONFIG_MAP, annotated({ 'min-nodes': '4', 'max-nodes': '6', until }));
    await scene.tick();
    expect(scene.cloud.running).toHaveLength(4);
    expect(scene.actuator.pools(scene.clock.nowMs())[0]?.override).toMatchObject({ minNodes: 4, maxNodes: 6 });
    await scene.request({ max: 9, until: scene.until(5), by: 'ops', why: 'a test' });
    scene.load = 1_500;
    await scene.tick();
    expect(scene.cloud.running).toHaveLength(9);
    await scene.ticks(9);
    expect(scene.plan.ceiling_from).toBe('pool');
  });

  it('a pause by either pauses', async () => {
    const scene = await Scene.create();
    await scene.tick();
    scene.surroundings.configMaps.set(CONFIG_MAP, annotated({ paused: 'true' }));
    await scene.tick();
    const answer = await scene.request({ pause: false, by: 'shop', why: 'over' });
    expect(JSON.parse(new TextDecoder().decode(answer.data)).what).toBe(
      'resumed, by shop: over; still paused by ConfigMap forescale/forescale-web: an annotation says so',
    );
    scene.load = 950;
    await scene.ticks(2);
    expect(scene.cloud.running).toHaveLength(2);
    expect(scene.plan.reasons[0]?.code).toBe('paused');
  });

  it('who may not read them goes on, who cannot for now keeps to what was read before', async () => {
    const scene = await Scene.create();
    scene.surroundings.failure = new KubernetesRefusedError(403, 'GET …: HTTP 403');
    await scene.tick();
    expect(scene.cloud.running).toHaveLength(2);
    expect(await scene.readiness.report()).toEqual({ ready: true, reasons: {} });
    scene.surroundings.failure = null;
    scene.surroundings.configMaps.set(CONFIG_MAP, annotated({ paused: 'true' }));
    await scene.tick();
    scene.surroundings.failure = new KubernetesUnavailableError('ECONNRESET');
    scene.load = 950;
    await scene.tick();
    expect(scene.plan.reasons[0]?.code).toBe('paused');
    expect((await scene.readiness.report()).reasons).toEqual({
      'annotations of pool web': 'ConfigMap forescale/forescale-web cannot be read: ECONNRESET',
    });
  });

  it('a pool whose annotations nobody has read yet rests, also after a restart', async () => {
    const scene = await Scene.create();
    scene.surroundings.configMaps.set(CONFIG_MAP, annotated({ paused: 'true', by: 'ops', why: 'upgrade' }));
    scene.surroundings.failure = new KubernetesUnavailableError('HTTP 500');
    await scene.ticks(3);
    expect(scene.cloud.createTimesMs).toEqual([]);
    expect(scene.plan.reasons[0]).toEqual({
      code: 'paused',
      text: 'paused by ConfigMap forescale/forescale-web: it cannot be read, and it may pause: HTTP 500',
    });
    scene.surroundings.failure = null;
    await scene.tick();
    expect(scene.plan.reasons[0]?.text).toBe('paused by ops: upgrade');
    scene.surroundings.configMaps.delete(CONFIG_MAP);
    await scene.tick();
    expect(scene.cloud.running).toHaveLength(2);
    await scene.start('      mode: enforce');
    scene.surroundings.failure = new KubernetesUnavailableError('HTTP 500');
    scene.load = 950;
    await scene.tick();
    expect(scene.cloud.running).toHaveLength(2);
    scene.surroundings.failure = new KubernetesRefusedError(403, 'HTTP 403');
    await scene.tick();
    expect(scene.cloud.running).toHaveLength(10);
  });
});
