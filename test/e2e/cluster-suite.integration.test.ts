import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AccessRequest } from '@forescale/simulator/cluster';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../harness/config-file.ts';
import { createLoadedCluster, runInRealTime } from '../harness/loaded-cluster.ts';
import { eventually } from '../harness/waiting.ts';

const READS = ['get', 'list', 'watch'];
const startMs = Date.now();
/** Somebody else's cluster, with a workload of theirs. */
const writes: AccessRequest[] = [];
const cluster = createLoadedCluster({
  startMs,
  endMs: startMs,
  load: () => 200,
  initialNodes: 3,
  options: {
    authorizer: {
      allows(_user, request) {
        if (!READS.includes(request.verb)) writes.push(request);
        return true;
      },
    },
  },
});
let kubeconfig: string;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const [real, directory] = await Promise.all([runInRealTime(cluster), temporaryDirectory()]);
  closing.push(real.stop, directory.remove);
  kubeconfig = join(directory.path, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: real.url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'c',
  };
  await writeFile(kubeconfig, JSON.stringify(config));
});
afterAll(async () => {
  for (const close of closing) await close();
});
beforeEach(() => {
  writes.length = 0;
});

function testCluster(environment: Readonly<Record<string, string>>): ChildProcess {
  const { KUBECONFIG, VITEST, VITEST_POOL_ID, VITEST_WORKER_ID, ...rest } = process.env;
  const child = spawn(process.execPath, ['tools/test-cluster.ts'], {
    env: { ...rest, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return child;
}

async function ended(child: ChildProcess): Promise<{ readonly code: number | null; readonly said: string }> {
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, said };
}

/** All that there is, each at its version: heartbeats and statuses are the simulated cluster's own, and it has none. */
const names = (kind: 'nodes' | 'namespaces') => [...cluster.objects(kind)].map(({ metadata }) => metadata.name).sort();
const foreignPods = () =>
  [...cluster.objects('pods')].map(({ metadata }) => `${metadata.namespace}/${metadata.uid}`).sort();

describe('npm run test:cluster', () => {
  it('passes on a cluster that others use, leaves nothing behind, and writes to nothing but its own', async () => {
    const before = { nodes: names('nodes'), namespaces: names('namespaces'), pods: foreignPods() };
    const { code, said } = await ended(testCluster({ KUBECONFIG: kubeconfig }));
    expect(said).toContain('nothing is left behind');
    expect(code, said).toBe(0);
    expect({ nodes: names('nodes'), namespaces: names('namespaces'), pods: foreignPods() }).toEqual(before);
    const strange = writes.filter(({ namespace, name, resource, verb }) => {
      if (resource === 'nodes' || resource === 'namespaces') return verb !== 'create' && !/^conformance-/.test(name);
      return !/^conformance-|^nowhere$/.test(namespace);
    });
    expect(strange).toEqual([]);
    expect(writes.length).toBeGreaterThan(100);
  }, 300_000);

  it('interrupted in the middle, it still leaves nothing behind', async () => {
    const before = { nodes: names('nodes'), namespaces: names('namespaces') };
    const child = testCluster({ KUBECONFIG: kubeconfig });
    const end = ended(child);
    await eventually('it has made something', 60_000, () => names('namespaces').length > before.namespaces.length);
    const made = [...cluster.objects('namespaces')].filter(
      ({ metadata }) => !before.namespaces.includes(metadata.name),
    );
    for (const { metadata } of made) expect(metadata.labels?.['forescale.dev/conformance']).toMatch(/^[0-9a-f]{8}$/);
    child.kill('SIGTERM');
    const { code, said } = await end;
    expect(code).not.toBe(0);
    expect(said).toContain('nothing is left behind');
    expect({ nodes: names('nodes'), namespaces: names('namespaces') }).toEqual(before);
  }, 300_000);

  it('refuses to guess the cluster', async () => {
    const { code, said } = await ended(testCluster({}));
    expect(code).toBe(2);
    expect(said).toContain('KUBECONFIG is not set');
    expect(writes).toEqual([]);
  });
});
