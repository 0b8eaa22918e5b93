import { parseConfig } from '@forescale/shared/config';
import { silentInstruments } from '@forescale/shared/telemetry';
import { ManualClock, seededRandom } from '@forescale/shared/time';
import { describe, expect, it } from 'vitest';
import { FakeCloud } from '../execute/fakes/fake-cloud.ts';
import { CallBook } from './provider-calls.ts';

const MIX = `autoscaler:
  pools:
    - provider:
        kind: mixed
        providers:
          well: { kind: simulated, url: "http://127.0.0.1:1" }
          ill: { kind: simulated, url: "http://127.0.0.1:2" }
          fine: { kind: simulated, url: "http://127.0.0.1:3" }
`;

describe('calls of several accounts', () => {
  it('of one kind show the breaker of the one that is worst off', async () => {
    const clock = new ManualClock(0);
    const shown = new Map<string, number>();
    const instruments = {
      ...silentInstruments(),
      breakerState: {
        record: (value: number, labels?: Readonly<Record<string, unknown>>) =>
          void shown.set(`${labels?.provider} ${labels?.region} ${labels?.operation}`, value),
      },
    };
    const book = new CallBook({ clock, ioClock: clock, random: seededRandom(1), instruments });
    const [pool] = parseConfig(MIX, 'test', {}).pools;
    if (!pool) throw new Error('no pool');
    const machines = await book.machines(pool.provider, async (config) => {
      const cloud = new FakeCloud(clock);
      if (config.kind === 'simulated' && config.url.endsWith(':2')) cloud.fault = () => 'auth';
      return cloud;
    });
    await machines.list('c').catch(() => undefined);
    book.recordBreakers();
    expect(shown.get('simulated * read')).toBeGreaterThan(0);
    expect(shown.get('simulated * create')).toBe(0);
  });
});
