import { describe, expect, it } from 'vitest';
import type { Held } from '../providers/port.ts';
import { plan } from './plan.ts';
import { forecastOf, NOON, nodesOf, podOf, poolOf, stateOf } from './plan-state.test-data.ts';
import type { Plan, PlanState } from './types.ts';

const MINUTE_MS = 60_000;
const SIZE = { cpuMillicores: 1_000, memoryBytes: 4 * 2 ** 30, gpus: 0 };
const NONE: Held = { replicas: 0, size: null, generation: 0, problem: null };
const pool = poolOf({ mode: 'enforce', provider: { kind: 'buffer' } });
const held = (replicas: number): Held => ({ replicas, size: SIZE, generation: 1, problem: null });

/** Two nodes carry 200 of the signal, and are full. */
const FULL = nodesOf(2, { pods: [podOf(4_000, { phase: 'Running' })] });
function state(overrides: Partial<PlanState> = {}, nowMs = NOON): PlanState {
  return {
    ...stateOf(200, { nodes: FULL, ...overrides }, nowMs),
    held: overrides.held === undefined ? NONE : overrides.held,
  };
}

const rising = (nowMs = NOON) => forecastOf(500, {}, { issuedMs: nowMs });

/** Plans minute by minute, each write carried out. */
function run(first: PlanState, forecasts: (nowMs: number) => number | null, minutes: number): Plan[] {
  const plans: Plan[] = [];
  let { memory, held: room } = first;
  for (let minute = 0; minute < minutes; minute++) {
    const nowMs = NOON + minute * MINUTE_MS;
    const expected = forecasts(minute);
    const made = plan(
      state({ memory, ...(room !== undefined && { held: room }) }, nowMs),
      expected === null ? [] : [forecastOf(expected, {}, { issuedMs: nowMs })],
      pool,
      nowMs,
    );
    for (const one of made.actions) if (one.kind === 'headroom') room = held(one.replicas);
    memory = made.memory;
    plans.push(made);
  }
  return plans;
}

const replicas = (plans: readonly Plan[]) =>
  plans.map(({ actions }) => actions.flatMap((one) => (one.kind === 'headroom' ? [one.replicas] : []))[0] ?? null);

describe('plan: a pool whose nodes somebody else owns', () => {
  it('asks for room for the nodes that a forecast wants, and neither buys nor drains', () => {
    const { actions, report } = plan(state(), [rising()], pool, NOON);
    expect(actions).toEqual([{ kind: 'headroom', replicas: 12, size: SIZE, reason: expect.any(String) }]);
    expect(actions[0]?.reason).toBe('12 placeholders, from 0: 5 nodes for forecast:rps');
    expect(report).toMatchObject({ desired: 5, ready: 2, starting: 3 });
  });

  it.each<[what: string, overrides: Partial<PlanState>, code: string | null]>([
    ['is at rest when that is asked for', { held: held(12) }, null],
    ['does nothing where it cannot be read', { held: null }, 'headroom-unread'],
    [
      'does nothing while paused',
      { override: { paused: true, minNodes: null, maxNodes: null, untilMs: NOON + 1, by: 'me', why: 'test' } },
      'paused',
    ],
  ])('%s', (_what, overrides, code) => {
    const { actions, report } = plan(state(overrides), [rising()], pool, NOON);
    expect(actions).toEqual([]);
    if (code !== null) expect(report.reasons.map((one) => one.code)).toContain(code);
  });

  it('repairs what somebody else has changed: the number, and the size', () => {
    const changed = { ...held(12), size: { ...SIZE, cpuMillicores: 10 } };
    expect(replicas([plan(state({ held: held(3) }), [rising()], pool, NOON)])).toEqual([12]);
    expect(replicas([plan(state({ held: changed }), [rising()], pool, NOON)])).toEqual([12]);
  });

  it('goes no further than its maximum', () => {
    const { report, actions } = plan(state(), [forecastOf(9_000)], poolOf({ provider: { kind: 'buffer' } }), NOON);
    expect(report.boundBy).toContain('max');
    expect(actions).toMatchObject([{ replicas: 18 * 4 }]);
  });

  it('lowers the room when nothing has wanted it for ten minutes, and not before', () => {
    const plans = run(state(), (minute) => (minute < 2 ? 500 : 190), 20);
    const changes = replicas(plans).flatMap((count, minute) => (count === null ? [] : [[minute, count]]));
    expect(changes).toEqual([
      [0, 12],
      [12, 0],
    ]);
    expect(plans[5]?.report.reasons.map(({ code }) => code)).toContain('hold-unneeded');
  });

  it('keeps it for as long as the forecast wants it back', () => {
    const plans = run(state(), (minute) => (minute % 8 === 0 ? 500 : 190), 40);
    expect(replicas(plans).filter((count) => count !== null)).toEqual([12]);
  });

  it('keeps it while the load is not known', () => {
    let { memory } = plan(state(), [rising()], pool, NOON);
    for (let minute = 1; minute < 30; minute++) {
      const nowMs = NOON + minute * MINUTE_MS;
      const made = plan({ ...state({ memory, held: held(12) }, nowMs), readings: [] }, [], pool, nowMs);
      expect(made.actions).toEqual([]);
      memory = made.memory;
    }
  });
});
