import { describe, expect, it } from 'vitest';
import { FakeState } from '../execute/fakes/fake-state.ts';
import { LeadTimes } from './lead-time.ts';

const CONFIGURED_MS = 180_000;
const starts = (offeringId: string, ...seconds: number[]) => seconds.map((one) => ({ offeringId, seconds: one }));
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

async function opened(state = new FakeState()): Promise<{ leads: LeadTimes; state: FakeState }> {
  const leads = new LeadTimes(state, 'web');
  await leads.load();
  return { leads, state };
}

describe('measured lead times', () => {
  it('are the configured one until five nodes were measured', async () => {
    const { leads } = await opened();
    await leads.add(starts('a', 50, 60, 70, 80));
    expect([leads.poolMs(CONFIGURED_MS), leads.byOffering()]).toEqual([CONFIGURED_MS, {}]);
    await leads.add(starts('b', 90));
    expect([leads.poolMs(CONFIGURED_MS), leads.byOffering()]).toEqual([90_000, {}]);
    await leads.add(starts('a', 65));
    expect(leads.byOffering()).toEqual({ a: { p95Ms: 80_000, nodes: 5 } });
  });

  it('are the 95th percentile of the last 64 nodes of each offering', async () => {
    const { leads } = await opened();
    await leads.add(starts('a', ...upTo(20)));
    await leads.add(starts('b', ...upTo(100)));
    // Of 20 the 19th; of 37..100 the 61st.
    expect(leads.byOffering()).toEqual({ a: { p95Ms: 19_000, nodes: 20 }, b: { p95Ms: 97_000, nodes: 64 } });
  });

  it('are not those of nodes that were Ready before they were asked for', async () => {
    const { leads } = await opened();
    await leads.add(starts('a', 0, 0, 0, 0, 0));
    expect([leads.poolMs(CONFIGURED_MS), leads.byOffering()]).toEqual([CONFIGURED_MS, {}]);
  });

  it('outlive a restart', async () => {
    const { leads, state } = await opened();
    await leads.add(starts('a', 10, 20, 30, 40, 50));
    const again = (await opened(state)).leads;
    expect(again.byOffering()).toEqual(leads.byOffering());
    expect(again.poolMs(CONFIGURED_MS)).toBe(50_000);
  });

  it('are kept of the 256 offerings that were measured last', async () => {
    const { leads, state } = await opened();
    await leads.add(starts('first', 1, 1, 1, 1, 1));
    for (const id of upTo(255)) await leads.add(starts(`o${id}`, 2, 2, 2, 2, 2));
    await leads.add(starts('first', 1));
    await leads.add(starts('one-more', 3, 3, 3, 3, 3));
    const kept = Object.keys((await opened(state)).leads.byOffering());
    expect(kept).toHaveLength(256);
    expect(kept).toEqual(expect.arrayContaining(['first', 'o2', 'one-more']));
    expect(kept).not.toContain('o1');
  });
});
