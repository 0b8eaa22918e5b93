import { KubernetesUnavailableError } from '@forescale/shared/kubernetes';
import type { FaultAction } from '@forescale/simulator/cluster';
import { afterEach, describe, expect, it } from 'vitest';
import { FaultyCluster } from './faulty-cluster.ts';

const open: FaultyCluster[] = [];
afterEach(async () => {
  for (const cluster of open.splice(0)) await cluster.close();
});

async function started(...args: Parameters<typeof FaultyCluster.start>): Promise<FaultyCluster> {
  const faulty = await FaultyCluster.start(...args);
  open.push(faulty);
  return faulty;
}

/** Hits the watch of pods that is opened next. */
const PODS_WATCH = { path: /\/pods\?watch/, times: 1 };

describe('reader, on real sockets', () => {
  it('while watches are whole a read lists nothing, and shows what was there before it', async () => {
    const faulty = await started();
    await faulty.watched();
    for (const name of ['a', 'b', 'c']) {
      faulty.addPod(name, 'node-0');
      expect(await faulty.podNames()).toContain(name);
    }
    await faulty.until('a read lists nothing', async () => (await faulty.readCounted()).pages === 0);
    faulty.deletePod('b');
    expect(await faulty.podNames()).toEqual(['a', 'c', 'first', 'second']);
    expect(await faulty.isExact()).toBe(true);
  });

  it('a kind that says nothing is listed at once: nobody waits to hear whether there was anything', async () => {
    const faulty = await started({}, { bookmarkIntervalMs: 3_600_000 });
    await faulty.run(faulty.reader.read(0));
    await faulty.until('both are watched', () =>
      ['nodes', 'pods'].every((kind) => faulty.asked.includes(`watch ${kind}`)),
    );
    faulty.addPod('a', 'node-0');
    // Its version is newer than any that the watch of nodes has told: on a clock that stands still, nothing waits.
    faulty.clock.advanceTo(faulty.clock.nowMs() + 60_000);
    for (let i = 0; i < 3; i++) expect((await faulty.reader.read(0)).nodes).toHaveLength(2);
  });

  const ends: readonly (readonly [string, FaultAction])[] = [
    ['is reset', { kind: 'watch', end: 'reset', afterEvents: 1 }],
    ['is closed before its time', { kind: 'watch', end: 'close', afterEvents: 1 }],
    ['is half open: connected, and silent', { kind: 'watch', end: 'silence', afterEvents: 1 }],
    ['ends within a line', { kind: 'watch', end: 'tear', afterEvents: 1 }],
    ['ends with 410 Gone', { kind: 'watch', end: 'expire', afterEvents: 1 }],
    ['has a line that is spoiled', { kind: 'garble', afterEvents: 1 }],
    ['tells all twice, and old events after new ones', { kind: 'echo' }],
    ['is answered by 410 Gone', { kind: 'respond', status: 410 }],
    ['is answered by 503', { kind: 'respond', status: 503 }],
    ['is answered by 429 with Retry-After', { kind: 'respond', status: 429, retryAfterSeconds: 5 }],
    ['is forbidden', { kind: 'respond', status: 403 }],
    ['is accepted, and never answered', { kind: 'hang', when: 'before' }],
    ['is reset when it is opened', { kind: 'reset', when: 'before' }],
  ];
  it.each(ends)(
    'a watch that %s: no read is old or wrong, no deletion is missed, and watching goes on',
    async (_end, action) => {
      const faulty = await started();
      const fault = faulty.cluster.faults.add({ ...PODS_WATCH, action });
      expect(await faulty.podNames()).toEqual(['first', 'second']);
      await faulty.until('the watch is hit', () => fault.hits() > 0);
      for (const name of ['a', 'b', 'c', 'd']) {
        faulty.addPod(name, 'node-0');
        expect(await faulty.podNames()).toContain(name);
      }
      faulty.deletePod('first');
      faulty.deletePod('d');
      expect(await faulty.podNames()).toEqual(['a', 'b', 'c', 'second']);
      await faulty.watched();
      faulty.addPod('after', 'node-1');
      expect(await faulty.podNames()).toEqual(['a', 'after', 'b', 'c', 'second']);
      expect(await faulty.isExact()).toBe(true);
    },
  );

  it('the history is shorter than an outage: what was deleted and made anew meanwhile is seen', async () => {
    const faulty = await started({ historyEvents: 4 });
    await faulty.watched();
    const away = faulty.cluster.faults.add({ action: { kind: 'respond', status: 503 } });
    faulty.cluster.faults.add({ path: /watch/, action: { kind: 'reset', when: 'before' } });
    const before = faulty.uidOf('pods', 'first');
    faulty.deletePod('first');
    faulty.addPod('first', 'node-1');
    for (let i = 0; i < 20; i++) faulty.addPod(`p-${i}`, 'node-0');
    await expect(faulty.run(faulty.reader.read(0))).rejects.toThrow(KubernetesUnavailableError);
    away.remove();
    const { pods } = await faulty.run(faulty.reader.read(0));
    const first = pods.find((pod) => pod.name === 'first');
    expect([pods.length, first?.nodeName, first?.uid === before]).toEqual([22, 'node-1', false]);
    faulty.cluster.faults.clear();
    await faulty.watched();
    expect(await faulty.isExact()).toBe(true);
  });

  const deaf: readonly (readonly [string, FaultAction])[] = [
    ['resets every connection', { kind: 'reset', when: 'before' }],
    ['answers 503', { kind: 'respond', status: 503 }],
    ['answers 429', { kind: 'respond', status: 429, retryAfterSeconds: 1 }],
    ['never answers', { kind: 'hang', when: 'before' }],
    ['sends half of each answer, and no more', { kind: 'cut', share: 0.5, end: 'hang' }],
    ['resets within each answer', { kind: 'cut', share: 0.5, end: 'reset' }],
    ['sends half answers that look whole', { kind: 'cut', share: 0.5, end: 'close' }],
    ['sends a byte a minute', { kind: 'trickle', everyMs: 60_000 }],
    ['sends a page of a proxy', { kind: 'garbage', of: 'body' }],
    ['speaks no HTTP', { kind: 'garbage', of: 'protocol' }],
  ];
  it.each(deaf)(
    'a server that %s: a read rejects rather than show an old picture, and is whole when it is back',
    async (_what, action) => {
      const faulty = await started();
      await faulty.watched();
      faulty.cluster.faults.add({ action });
      faulty.addPod('unseen', 'node-0');
      await expect(faulty.run(faulty.reader.read(0))).rejects.toThrow(KubernetesUnavailableError);
      await expect(faulty.run(faulty.lister.read(0))).rejects.toThrow(KubernetesUnavailableError);
      faulty.cluster.faults.clear();
      expect(await faulty.podNames()).toContain('unseen');
      await faulty.watched();
      expect(await faulty.isExact()).toBe(true);
    },
  );

  it('a server that was set back to a backup, with older versions and other objects, is believed', async () => {
    const before = await started();
    for (let i = 0; i < 50; i++) before.addPod(`of-before-${i}`, 'node-0');
    await before.watched();
    const port = Number(new URL(before.url).port);
    const { reader } = before;
    await before.stopServing();
    const after = await started({}, { port });
    const pods = async () => (await before.run(reader.read(0))).pods.map((pod) => pod.name);
    await before.until('it is there again', async () => (await pods().catch(() => [])).length > 0);
    expect(await pods()).toEqual(['first', 'second']);
    after.addPod('of-after', 'node-0');
    expect(await pods()).toEqual(['first', 'of-after', 'second']);
  });

  it('every second connection is reset: reads that succeed are right', async () => {
    const faulty = await started();
    faulty.cluster.faults.add({ share: 0.5, action: { kind: 'watch', end: 'reset', afterEvents: 2 } });
    await faulty.watched();
    faulty.cluster.faults.add({ share: 0.5, action: { kind: 'reset', when: 'after' } });
    let right = 0;
    for (let round = 0; round < 40; round++) {
      const name = `pod-${round}`;
      faulty.addPod(name, 'node-0');
      const names = await faulty.podNames().catch((error: unknown) => {
        expect(error).toBeInstanceOf(KubernetesUnavailableError);
        return null;
      });
      if (names === null) continue;
      right++;
      expect(names).toHaveLength(round + 3);
    }
    expect(right).toBeGreaterThan(0);
    faulty.cluster.faults.clear();
    await faulty.watched();
    expect(await faulty.isExact()).toBe(true);
  });
});
