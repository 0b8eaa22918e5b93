import { isDeepStrictEqual } from 'node:util';
import { POOL_LABEL } from '@forescale/shared/config';
import {
  type ClusterReader,
  type ClusterWriter,
  connectKubernetes,
  createClusterReader,
  createClusterWriter,
  createWatchingReader,
  type WatchingReader,
} from '@forescale/shared/kubernetes';
import { silentLog } from '@forescale/shared/telemetry';
import { ManualClock, seededRandom } from '@forescale/shared/time';
import {
  createSimulatedCluster,
  type ListenOptions,
  type SimulatedCluster,
  type SimulatedClusterOptions,
} from '@forescale/simulator/cluster';
import { eventually, seeThrough } from '../harness/waiting.ts';

const START_MS = Date.UTC(2026, 2, 2);
const GIB = 2 ** 30;
/** For what takes real sockets a moment; nothing waits for it to pass. */
const SOON_MS = 20_000;

export const SMALL = { instanceType: 'small', region: 'local', zone: 'a', capacityType: 'on_demand' } as const;

/**
 * A simulated cluster on a real socket, and the real adapters on it. Their time-outs and back-offs are on a clock that
 * the test moves; the cluster's own time moves by `pass`.
 */
export class FaultyCluster {
  readonly cluster: SimulatedCluster;
  readonly url: string;
  readonly clock = new ManualClock(0);
  readonly reader: WatchingReader;
  readonly lister: ClusterReader;
  readonly writer: ClusterWriter;
  /** `verb resource` of every request that was carried out. */
  readonly asked: string[];
  readonly #close: () => Promise<void>;

  private constructor(cluster: SimulatedCluster, url: string, asked: string[], close: () => Promise<void>) {
    const kube = connectKubernetes({ kubeconfig: null, context: null, url });
    const { clock } = this;
    this.cluster = cluster;
    this.url = url;
    this.asked = asked;
    this.reader = createWatchingReader(kube, { clock, random: seededRandom(1), log: silentLog(), pageSize: 1 });
    this.lister = createClusterReader(kube, clock);
    this.writer = createClusterWriter(kube, clock);
    this.#close = close;
  }

  /** Two nodes, a pod on each, and pages of one object: everything is watched. */
  static async start(options: Partial<SimulatedClusterOptions> = {}, listen: ListenOptions = {}) {
    const asked: string[] = [];
    const cluster = createSimulatedCluster({
      seed: 3,
      startMs: START_MS,
      offerings: [
        {
          ...SMALL,
          usdPerHour: 0.1,
          allocatable: { cpuMillicores: 4_000, memoryBytes: 8 * GIB, pods: 110, gpus: 0 },
          boot: { kind: 'fixed', ms: 30_000 },
        },
      ],
      initialNodes: [{ offering: SMALL, count: 2, pool: 'web', labels: { [POOL_LABEL]: 'web' }, tagged: true }],
      authorizer: {
        allows: (_user, { verb, resource }) => {
          asked.push(`${verb} ${resource}`);
          return true;
        },
      },
      ...options,
    });
    const server = await cluster.listen({ bookmarkIntervalMs: 5, ...listen });
    const faulty = new FaultyCluster(cluster, server.url, asked, server.close);
    faulty.addPod('first', 'node-0');
    faulty.addPod('second', 'node-1');
    faulty.pass(10_000);
    return faulty;
  }

  async close(): Promise<void> {
    this.reader.close();
    await this.stopServing();
  }

  /** Ends the server and all its connections; the adapters stay. */
  async stopServing(): Promise<void> {
    await this.#close();
  }

  pass(ms: number): void {
    this.cluster.step(this.cluster.nowMs() + ms);
  }

  /** A pod that is bound already, and ends so many seconds after it is told to. */
  addPod(name: string, nodeName: string, labels: Record<string, string> = {}, graceSeconds = 0): void {
    const containers = [{ name: 'main', image: 'x', resources: { requests: { cpu: '100m' } } }];
    this.#call('POST', '/api/v1/namespaces/default/pods', {
      metadata: { name, labels },
      spec: { nodeName, containers, terminationGracePeriodSeconds: graceSeconds },
    });
  }

  /** A PodDisruptionBudget for the pods of an app. */
  addBudget(app: string, minAvailable: number): void {
    this.#call('POST', '/apis/policy/v1/namespaces/default/poddisruptionbudgets', {
      metadata: { name: app },
      spec: { minAvailable, selector: { matchLabels: { app } } },
    });
  }

  deletePod(name: string): void {
    this.#call('DELETE', `/api/v1/namespaces/default/pods/${name}`, { gracePeriodSeconds: 0 });
  }

  uidOf(kind: 'pods' | 'nodes', name: string): string {
    const path = kind === 'pods' ? `/api/v1/namespaces/default/pods/${name}` : `/api/v1/nodes/${name}`;
    return (this.#call('GET', path) as { metadata: { uid: string } }).metadata.uid;
  }

  /** The work's outcome, while the adapters' clock runs twenty times as fast as the machine's. */
  async run<T>(work: Promise<T>): Promise<T> {
    return await seeThrough(work, SOON_MS, () => this.clock.advanceTo(this.clock.nowMs() + 500));
  }

  /** Lets the adapters' clock run until `probe` holds. */
  async until(what: string, probe: () => boolean | Promise<boolean>): Promise<void> {
    await eventually(what, SOON_MS, async () => {
      this.clock.advanceTo(this.clock.nowMs() + 500);
      return await probe();
    });
  }

  /** Names of pods as the watching reader shows them. */
  async podNames(): Promise<string[]> {
    const { pods } = await this.run(this.reader.read(0));
    return pods.map((pod) => pod.name);
  }

  /** What a read shows, and how many pages it listed beyond those that ask for the version. */
  async readCounted(): Promise<{ readonly names: string[]; readonly pages: number }> {
    const before = this.asked.length;
    const names = await this.podNames();
    const lists = this.asked.slice(before).filter((one) => one.startsWith('list '));
    return { names, pages: lists.length - 2 };
  }

  /** Reads until watches tell what reads show: nothing is listed any more. */
  async watched(): Promise<void> {
    await this.until('a read lists nothing', async () => (await this.readCounted()).pages === 0);
  }

  /** What the watching reader shows is what a list shows, object by object, in order. */
  async isExact(): Promise<boolean> {
    const watched = await this.run(this.reader.read(0));
    return isDeepStrictEqual(watched, await this.lister.read(0));
  }

  #call(method: string, path: string, body?: Parameters<SimulatedCluster['request']>[2]): unknown {
    const { status, body: answer } = this.cluster.request(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${answer}`);
    return JSON.parse(answer);
  }
}
