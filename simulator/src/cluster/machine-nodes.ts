import type { Machine } from '../cloud/index.ts';
import type { CloudEvents } from '../cloud/simulated-cloud.ts';
import type { Timeline } from '../timeline/index.ts';
import type { Kubelets } from './controllers/kubelet.ts';
import { registerNode, setNodeReady } from './controllers/node-registration.ts';
import type { Timing } from './options.ts';
import type { Registry } from './store/registry.ts';

/**
 * Makes nodes of machines: one that has booted joins, and is Ready a little later; one that is gone leaves its Node
 * behind, which is called unreachable after a while, and deleted only where there is a cloud controller.
 */
export class MachineNodes implements CloudEvents {
  readonly #registry: Registry;
  readonly #timeline: Timeline;
  readonly #kubelets: Kubelets;
  readonly #timing: Timing;
  readonly #cloudController: boolean;
  /** Node name of each machine that has joined. */
  readonly #joined = new Map<string, { readonly nodeName: string; readonly nodeUid: string }>();
  #ordinal = 0;

  constructor(registry: Registry, timeline: Timeline, kubelets: Kubelets, timing: Timing, cloudController: boolean) {
    this.#registry = registry;
    this.#timeline = timeline;
    this.#kubelets = kubelets;
    this.#timing = timing;
    this.#cloudController = cloudController;
  }

  onBooted(machine: Machine): void {
    this.join(machine, this.#timing.nodeReadyMs);
  }

  /** A name that is taken is refused: the machine runs, and never becomes a node. */
  join(machine: Machine, readyAfterMs: number): void {
    const { nodeName: name, offering, providerId } = machine;
    const labels = {
      'node.kubernetes.io/instance-type': offering.instanceType,
      'topology.kubernetes.io/region': offering.region,
      'topology.kubernetes.io/zone': offering.zone,
      'karpenter.sh/capacity-type': offering.capacityType === 'spot' ? 'spot' : 'on-demand',
      ...offering.labels,
      ...machine.labels,
    };
    const { arch, allocatable } = offering;
    const node = { name, providerId, labels, taints: machine.taints, allocatable, arch, os: 'linux' };
    if (!registerNode(this.#registry, node, ++this.#ordinal)) return;
    const nodeUid = this.#registry.store.get('nodes', '', name)?.metadata.uid ?? '';
    this.#joined.set(machine.id, { nodeName: name, nodeUid });
    this.#kubelets.start(name);
    if (readyAfterMs === 0) setNodeReady(this.#registry, name, 'True');
    else this.#timeline.after(readyAfterMs, () => this.#ready(machine.id));
  }

  onGone(machine: Machine): void {
    const node = this.#joined.get(machine.id);
    this.#joined.delete(machine.id);
    if (node === undefined || !this.#exists(node)) return;
    this.#kubelets.stop(node.nodeName);
    this.#timeline.after(this.#timing.nodeMonitorGraceMs, () => this.#unreachable(node));
  }

  #ready(machineId: string): void {
    const node = this.#joined.get(machineId);
    if (node !== undefined && this.#exists(node)) setNodeReady(this.#registry, node.nodeName, 'True');
  }

  #unreachable(node: { readonly nodeName: string; readonly nodeUid: string }): void {
    if (!this.#exists(node)) return;
    const object = this.#registry.store.get('nodes', '', node.nodeName);
    if (!this.#cloudController) setNodeReady(this.#registry, node.nodeName, 'Unknown');
    else if (object !== undefined) this.#registry.delete('nodes', object);
  }

  /** The Node is still there, and not another one of its name. */
  #exists({ nodeName, nodeUid }: { readonly nodeName: string; readonly nodeUid: string }): boolean {
    return this.#registry.store.get('nodes', '', nodeName)?.metadata.uid === nodeUid;
  }
}
