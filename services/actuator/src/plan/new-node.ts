import type { OfferingConfig, PoolConfig } from '@forescale/shared/config';
import {
  type ClusterPod,
  mayRunOn,
  NO_RESOURCES,
  type Resources,
  subtractResources,
  type Taint,
} from '@forescale/shared/domain';
import { loadOf, type NodeLoad } from './node-load.ts';
import { offeringsOf } from './offerings.ts';
import { mutable } from './packing.ts';
import type { PoolNode } from './types.ts';

type Labels = Readonly<Record<string, string>>;

/** The labels by which machines of different offerings differ, and what each says. */
const OFFERING_LABELS: Readonly<Record<string, (offering: OfferingConfig) => string>> = {
  'topology.kubernetes.io/zone': ({ zone }) => zone,
  'topology.kubernetes.io/region': ({ region }) => region,
  'node.kubernetes.io/instance-type': ({ instanceType }) => instanceType,
  'karpenter.sh/capacity-type': ({ capacityType }) => capacityType.replace('_', '-'),
};

/** The same on all machines of most pools; taken from the present nodes where they agree. */
const ARCH_LABEL = 'kubernetes.io/arch';

/** What a new node of the pool offers to pods. */
export interface NewNode {
  /** Without what DaemonSets take. */
  readonly allocatable: Resources;
  readonly overhead: Resources;
  /** Those that machines of all offerings share. */
  readonly labels: Labels;
  readonly taints: readonly Taint[];
  /** Which of the pool's offerings the pod may run on, room and neighbours aside. */
  fitting(pod: ClusterPod): 'all' | 'some' | 'none';
}

export function newNodeOf(pool: PoolConfig, loads: readonly NodeLoad[]): NewNode {
  const overhead = overheadOf(loads);
  const { taints } = pool.template;
  const own = { 'kubernetes.io/os': 'linux', ...archOf(loads), ...pool.selector, ...pool.template.labels };
  const offerings = offeringsOf(pool);
  const shared: Record<string, string> = {};
  const differing = new Set<string>();
  for (const [label, read] of Object.entries(OFFERING_LABELS)) {
    if (label in own) continue;
    const values = new Set(offerings.map(read));
    const [only] = values;
    if (values.size === 1 && only !== undefined) shared[label] = only;
    else differing.add(label);
  }
  const labels = { ...shared, ...own };
  return {
    allocatable: subtractResources(pool.template.allocatable, overhead),
    overhead,
    labels,
    taints,
    fitting: (pod) => {
      if (!asksFor(pod, differing)) return mayRunOn(pod, labels, taints) ? 'all' : 'none';
      const fit = offerings.filter((offering) => mayRunOn(pod, { ...labelsOf(offering), ...labels }, taints)).length;
      if (fit === offerings.length) return 'all';
      return fit > 0 ? 'some' : 'none';
    },
  };
}

/** What a new node of the pool offers to pods, given what DaemonSets take from the present ones. */
export function newNodeRoom(pool: PoolConfig, nodes: readonly PoolNode[]): Resources {
  const loads = nodes.flatMap((node) =>
    node.phase === 'ready' && node.pods !== null ? [loadOf(node, node.pods)] : [],
  );
  return subtractResources(pool.template.allocatable, overheadOf(loads));
}

/** DaemonSets take from every new node the most that they take from a present one, of each resource. */
export function overheadOf(loads: readonly NodeLoad[]): Resources {
  const overhead = mutable(NO_RESOURCES);
  for (const { resident } of loads) {
    overhead.cpuMillicores = Math.max(overhead.cpuMillicores, resident.cpuMillicores);
    overhead.memoryBytes = Math.max(overhead.memoryBytes, resident.memoryBytes);
    overhead.pods = Math.max(overhead.pods, resident.pods);
    overhead.gpus = Math.max(overhead.gpus, resident.gpus);
  }
  return overhead;
}

function archOf(loads: readonly NodeLoad[]): Labels {
  const values = new Set(loads.map(({ node }) => node.labels[ARCH_LABEL]));
  const [only] = values;
  return values.size === 1 && only !== undefined ? { [ARCH_LABEL]: only } : {};
}

function labelsOf(offering: OfferingConfig): Labels {
  return Object.fromEntries(Object.entries(OFFERING_LABELS).map(([label, read]) => [label, read(offering)]));
}

/** Whether what the pod requires of its node's labels concerns any of these. */
function asksFor({ nodeSelector, rules }: ClusterPod, labels: ReadonlySet<string>): boolean {
  for (const key in nodeSelector) if (labels.has(key)) return true;
  return rules?.nodeTerms.some((term) => term.some(({ key }) => labels.has(key))) ?? false;
}
