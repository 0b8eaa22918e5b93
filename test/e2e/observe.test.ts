import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planDocumentSchema, poolsSchema } from '../../services/actuator/src/api/schema.ts';
import { temporaryDirectory, writeConfig } from '../harness/config-file.ts';
import { createLoadedCluster, runInRealTime } from '../harness/loaded-cluster.ts';
import { ForescaleProcess } from '../harness/process.ts';
import { eventually } from '../harness/waiting.ts';

const INITIAL_NODES = 3;
const WITHIN_MS = 30_000;

const closing: (() => Promise<unknown>)[] = [];
/** Requests to the Kubernetes API that would change something. */
const writes: string[] = [];
const startMs = Date.now();
/** Pods for ten nodes on three, so that there is much to do. */
const cluster = createLoadedCluster({
  startMs,
  endMs: startMs,
  load: () => 1_000,
  initialNodes: INITIAL_NODES,
  options: {
    authorizer: {
      allows(_user, { verb, resource, subresource, name }) {
        if (!['get', 'list', 'watch'].includes(verb)) writes.push(`${verb} ${resource}/${name}/${subresource}`);
        return true;
      },
    },
  },
});
let clusterUrl: string;
let up: ForescaleProcess & { readonly url: string };

beforeAll(async () => {
  const [real, directory] = await Promise.all([runInRealTime(cluster), temporaryDirectory()]);
  clusterUrl = real.url;
  closing.push(directory.remove, () => real.stop());
  const options = { directory: directory.path, clusterUrl, clock: 'system', tick: '1s', interval: '1s' } as const;
  up = await ForescaleProcess.service(['up', '--config', await writeConfig({ ...options, mode: 'observe' })]);
  closing.push(() => up.interrupt());
}, 60_000);

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

async function objects() {
  const kube = new KubeConfig();
  kube.loadFromClusterAndUser({ name: 'sim', server: clusterUrl, skipTLSVerify: true }, { name: 'user' });
  const core = kube.makeApiClient(CoreV1Api);
  const [nodes, pods] = await Promise.all([core.listNode(), core.listPodForAllNamespaces()]);
  return [...nodes.items, ...pods.items].map(({ metadata }) => [metadata?.name, metadata?.resourceVersion]);
}

const document = async (path: string): Promise<unknown> => (await fetch(up.url + path)).json();

describe('up in mode observe', () => {
  it('says on start and on the page that nothing is changed, and what would have been', async () => {
    expect(up.stderr).toContain('mode observe: nothing will be changed');
    const { notice, pools } = poolsSchema.parse(await document('/api/v1/pools'));
    expect(notice).toMatch(/^Nothing is changed: mode observe/);
    expect(pools[0]).toMatchObject({ name: 'web', mode: 'observe' });
    expect(await (await fetch(up.url)).text()).toContain('<html');
    const { plan } = await eventually('a plan that would create nodes', WITHIN_MS, async () => {
      const found = planDocumentSchema.parse(await document('/api/v1/plan?pool=web'));
      return found.plan?.actions.some((action) => action.kind === 'create') && found;
    });
    expect(plan).toMatchObject({ mode: 'observe', ready: INITIAL_NODES, starting: 0 });
    expect(plan?.desired).toBeGreaterThanOrEqual(10);
  });

  it('tick after tick changes no node, no pod and no machine; it only writes Events', async () => {
    await eventually('the pods run that have a place', WITHIN_MS, () => cluster.summary().pods.running === 12);
    const before = await objects();
    const time = async () => planDocumentSchema.parse(await document('/api/v1/plan?pool=web')).plan?.time ?? 0;
    const seenMs = await time();
    await eventually('three more plans', WITHIN_MS, async () => (await time()) >= seenMs + 3_000);
    expect(await objects()).toEqual(before);
    expect(cluster.cloud.counts()).toEqual({ created: INITIAL_NODES, reclaimed: 0, refused: 0 });
    expect(cluster.cloud.list()).toHaveLength(INITIAL_NODES);
    expect(new Set(writes)).toEqual(new Set(['create events//']));
  });

  it('ends on Ctrl-C with the exit code for it', async () => {
    expect(await up.interrupt()).toBe(130);
  });
});
