import type { Random } from '@forescale/shared/time';
import type { SimulatedCluster } from '@forescale/simulator/cluster';
import type { WorldFault } from '../faults/fault.ts';
import type { Observer } from '../observe/observer.ts';
import type { SeenObjects } from '../ports/kube.ts';
import type { VirtualTime } from '../time/virtual-time.ts';
import type { Workload } from '../world/workload.ts';

export interface Disturbed {
  readonly time: VirtualTime;
  readonly cluster: SimulatedCluster;
  readonly seen: SeenObjects;
  readonly observer: Observer;
  readonly workload: Workload;
  readonly random: Random;
  readonly say: (text: string) => void;
}

/** What happens to machines and nodes without anybody's asking. */
export function disturb(world: Disturbed, fault: WorldFault): void {
  const { time, cluster, observer, workload, say } = world;
  const { cloud } = cluster;
  switch (fault.what) {
    case 'kubelets-stop':
      for (const { nodeName } of chosen(world, fault.count)) {
        say(`the kubelet of ${nodeName} falls silent`);
        setReady(cluster, nodeName, 'Unknown');
        time.at(fault.untilMs, () => setReady(cluster, nodeName, 'True'));
      }
      return;
    case 'machines-killed':
      for (const { id, nodeName } of chosen(world, fault.count)) {
        say(`${id} (${nodeName}) dies`);
        observer.excuse(nodeName);
        cloud.terminate(id);
      }
      return;
    case 'nodes-deleted':
      for (const { nodeName } of chosen(world, 1)) {
        say(`somebody deletes node ${nodeName}`);
        observer.excuse(nodeName);
        cluster.request('DELETE', `/api/v1/nodes/${nodeName}`);
      }
      return;
    case 'never-registers': {
      let left = fault.count;
      cloud.failNext({ fate: 'never-registers', times: fault.count, offering: () => left-- > 0 });
      time.at(fault.untilMs, () => {
        left = 0;
      });
      return;
    }
    case 'slow-boots':
      cloud.faults.shares = { slowBoot: 0.7, slowBootFactor: fault.count };
      time.at(fault.untilMs, () => {
        cloud.faults.shares = {};
      });
      return;
    case 'spot-storm':
      for (const { id, offering } of observer.machines()) {
        if (offering.capacityType !== 'spot') continue;
        say(`${id} is to be taken back`);
        cloud.reclaim(id);
      }
      return;
    case 'stuck-budget':
      workload.setStuck(true);
      time.at(fault.untilMs, () => workload.setStuck(false));
  }
}

/** Some of the machines whose nodes serve. */
function chosen({ cluster, seen, observer, random }: Disturbed, count: number) {
  const ready = new Set(
    seen
      .nodes(cluster)
      .filter((node) => node.ready)
      .map(({ name }) => name),
  );
  const machines = observer.machines().filter(({ nodeName }) => ready.has(nodeName));
  return Array.from({ length: Math.min(count, machines.length) }, () =>
    machines.splice(random.below(machines.length), 1),
  ).flat();
}

function setReady(cluster: SimulatedCluster, nodeName: string, status: 'True' | 'Unknown'): void {
  const path = `/api/v1/nodes/${nodeName}`;
  const found = cluster.request('GET', path);
  if (found.status !== 200) return;
  const node = JSON.parse(found.body) as { status: { conditions: { type: string; status: string }[] } };
  const lastTransitionTime = new Date(cluster.nowMs()).toISOString().replace(/\.\d+Z$/, 'Z');
  const conditions = node.status.conditions.map((one) =>
    one.type === 'Ready' ? { ...one, status, lastTransitionTime } : one,
  );
  cluster.request('PATCH', `${path}/status`, { status: { conditions } });
}
