import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ManualClock } from '../time/index.ts';
import { connectKubernetes } from './connection.ts';
import { createClusterProbe } from './probe.ts';

const NOW_MS = Date.UTC(2026, 2, 2, 9);
const { signal } = new AbortController();

/** An API server that says this of itself. */
async function probing(version: object, date: string | null) {
  const server = createServer((_, response) => {
    response.sendDate = false;
    if (date !== null) response.setHeader('date', date);
    response.end(JSON.stringify(version));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return createClusterProbe(connectKubernetes({ url, kubeconfig: null, context: null }), new ManualClock(NOW_MS));
}

const VERSION = { gitVersion: 'v1.33.4-eks-1', major: '1', minor: '33+' };
const at = (ms: number) => new Date(NOW_MS + ms).toUTCString();

describe('what the API server says about itself', () => {
  it('its version, as managed clusters write it, too', async () => {
    const probe = await probing(VERSION, null);
    expect(await probe.version(signal)).toEqual({ version: 'v1.33.4-eks-1', major: 1, minor: 33 });
    const odd = await probing({ gitVersion: 'x', major: 'one', minor: '' }, null);
    await expect(odd.version(signal)).rejects.toThrow(/major/);
  });

  // The header shows whole seconds: within the one that it shows there is no difference.
  it.each([
    [0, 0],
    [-500, 0],
    [7_000, 7_000],
    [-7_000, -6_000],
  ])('a clock that shows %i ms: %i ms off', async (shownMs, skewMs) => {
    expect(await (await probing(VERSION, at(shownMs))).skewMs(signal)).toBe(skewMs);
  });

  it('no time, or none that is one: not known', async () => {
    expect(await (await probing(VERSION, null)).skewMs(signal)).toBeNull();
    expect(await (await probing(VERSION, 'noon')).skewMs(signal)).toBeNull();
  });
});
