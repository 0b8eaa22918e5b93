import type { AutoscalerFacts, AutoscalerPart } from '@forescale/shared/kubernetes';
import { silentLog } from '@forescale/shared/telemetry';
import { ManualClock } from '@forescale/shared/time';
import { describe, expect, it } from 'vitest';
import { AutoscalerWatch } from './autoscaler-watch.ts';
import { FakeSurroundings } from './fakes/fake-surroundings.ts';

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 2, 2, 9);
const DEPLOYMENT = { kind: 'cluster-autoscaler', namespace: 'kube-system', name: 'ca' } as const;

const away = (part: AutoscalerPart, text = `${part}: HTTP 500`) => ({ part, text, isRefused: false });

function watched() {
  const clock = new ManualClock(START_MS);
  const surroundings = new FakeSurroundings();
  const watch = new AutoscalerWatch(surroundings, clock, silentLog());
  const give = (facts: Partial<AutoscalerFacts>) => {
    surroundings.facts = { clusterAutoscaler: null, deployments: [], nodePools: [], unread: [], ...facts };
  };
  return { clock, surroundings, give, look: (minutes: number) => watch.look(START_MS + minutes * MINUTE_MS) };
}

describe('what is known of other autoscalers', () => {
  it('a part that is away for ever hides no other', async () => {
    const { give, look } = watched();
    give({ deployments: [DEPLOYMENT], unread: [away('nodePools')] });
    const { facts, unknown } = await look(0);
    expect(facts?.deployments).toEqual([DEPLOYMENT]);
    expect(unknown).toBe('nodePools: HTTP 500');
  });

  it('what was never read holds things up for a quarter of an hour, and no longer', async () => {
    const { give, look } = watched();
    give({ unread: [away('nodePools')] });
    for (let minute = 0; minute < 15; minute++) expect((await look(minute)).unknown).toBe('nodePools: HTTP 500');
    expect((await look(15)).unknown).toBeNull();
  });

  it('who may not read does not wait', async () => {
    const { give, look } = watched();
    give({ unread: [{ part: 'deployments', text: 'Deployments: HTTP 403', isRefused: true }] });
    expect((await look(0)).unknown).toBeNull();
  });

  it('what was read stays known for an hour while it is away, and other parts are read anew', async () => {
    const { give, look } = watched();
    give({ deployments: [DEPLOYMENT] });
    await look(0);
    give({ unread: [away('deployments')], nodePools: [{ name: 'web', labels: {} }] });
    for (let minute = 5; minute < 60; minute++) {
      const { facts, unknown } = await look(minute);
      expect([facts?.deployments.length, facts?.nodePools.length, unknown]).toEqual([1, 1, null]);
    }
    expect((await look(60)).facts?.deployments).toEqual([]);
  });

  it('is asked every five minutes, and every minute while a part is away', async () => {
    const { surroundings, give, look } = watched();
    for (let second = 0; second < 600; second += 10) await look(second / 60);
    expect(surroundings.looks).toBe(2);
    give({ unread: [away('deployments')] });
    for (let second = 600; second < 900; second += 10) await look(second / 60);
    expect(surroundings.looks).toBe(7);
  });

  it('an answer that does not come holds up one look for 2 s, and counts when it is there', async () => {
    const { clock, surroundings, give, look } = watched();
    let answer = () => {};
    surroundings.factsGate = new Promise((resolve) => {
      answer = resolve;
    });
    give({ deployments: [DEPLOYMENT] });
    const looks = [look(0), look(0)];
    await clock.advanceTo(START_MS + 2_000);
    for (const { facts, unknown } of await Promise.all(looks)) {
      expect(facts).toBeNull();
      expect(unknown).toBe('the API server has not answered yet');
    }
    expect((await look(1)).facts).toBeNull();
    expect(surroundings.looks).toBe(1);
    answer();
    await new Promise((resolve) => setImmediate(resolve));
    expect((await look(2)).facts?.deployments).toEqual([DEPLOYMENT]);
  });
});
