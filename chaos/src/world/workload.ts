import type { SimulatedCluster } from '@forescale/simulator/cluster';
import { CAPACITY_PER_NODE } from './scenario.ts';

const PODS_PER_NODE = 3;
const APPS = '/apis/apps/v1/namespaces/default/deployments';
const BUDGETS = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';

/** Of the pods of an application so many may be out of order by our doing. */
interface Budget {
  readonly app: string;
  readonly maxUnavailable: number | string;
}

const BUDGETS_KEPT: readonly Budget[] = [
  { app: 'front', maxUnavailable: '20%' },
  { app: 'store', maxUnavailable: 1 },
];

/** What runs on the cluster: pods that follow the load, three of them a node, and three that do not, each with a budget. */
export class Workload {
  readonly #cluster: SimulatedCluster;
  #replicas = 0;

  constructor(cluster: SimulatedCluster, load: number) {
    this.#cluster = cluster;
    this.#replicas = replicasFor(load);
    this.#deploy('front', this.#replicas, '1200m', 30);
    this.#deploy('store', 3, '250m', 20);
    for (const { app, maxUnavailable } of BUDGETS_KEPT)
      this.#post(BUDGETS, { metadata: { name: app }, spec: { maxUnavailable, selector: { matchLabels: { app } } } });
  }

  follow(load: number): void {
    const replicas = replicasFor(load);
    if (replicas === this.#replicas) return;
    this.#replicas = replicas;
    this.#patch(`${APPS}/front/scale`, { spec: { replicas } });
  }

  /** Nothing may be evicted any more, or as before. */
  setStuck(isStuck: boolean): void {
    for (const { app, maxUnavailable } of BUDGETS_KEPT)
      this.#patch(`${BUDGETS}/${app}`, { spec: { maxUnavailable: isStuck ? 0 : maxUnavailable } });
  }

  #deploy(app: string, replicas: number, cpu: string, graceSeconds: number): void {
    const containers = [{ name: 'main', image: 'x', resources: { requests: { cpu, memory: '512Mi' } } }];
    this.#post(APPS, {
      metadata: { name: app },
      spec: {
        replicas,
        selector: { matchLabels: { app } },
        template: { metadata: { labels: { app } }, spec: { containers, terminationGracePeriodSeconds: graceSeconds } },
      },
    });
  }

  #post(path: string, body: Parameters<SimulatedCluster['request']>[2]): void {
    this.#checked('POST', path, body);
  }

  #patch(path: string, body: Parameters<SimulatedCluster['request']>[2]): void {
    this.#checked('PATCH', path, body);
  }

  #checked(method: string, path: string, body: Parameters<SimulatedCluster['request']>[2]): void {
    const reply = this.#cluster.request(method, path, body);
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.body}`);
  }
}

function replicasFor(load: number): number {
  return Math.max(1, Math.ceil((PODS_PER_NODE * load) / CAPACITY_PER_NODE));
}
