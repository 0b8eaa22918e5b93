import type {
  CapacityBufferObject,
  DaemonSetObject,
  DisruptionBudgetObject,
  MachineGroupObject,
  MachineObject,
  NodeObject,
  PodObject,
  PodTemplateObject,
  PriorityClassObject,
  ReplicatedObject,
  StoredObject,
} from './objects.ts';

/** What is stored under each plural name. */
export interface ObjectTypes {
  nodes: NodeObject;
  namespaces: StoredObject;
  pods: PodObject;
  events: StoredObject;
  configmaps: StoredObject;
  leases: StoredObject;
  deployments: ReplicatedObject;
  replicasets: ReplicatedObject;
  daemonsets: DaemonSetObject;
  poddisruptionbudgets: DisruptionBudgetObject;
  podtemplates: PodTemplateObject;
  priorityclasses: PriorityClassObject;
  nodepools: StoredObject;
  capacitybuffers: CapacityBufferObject;
  machinedeployments: MachineGroupObject;
  machinepools: MachineGroupObject;
  machines: MachineObject;
}

export type KindName = keyof ObjectTypes;

export interface Kind {
  /** The plural, lower-case name that stands in the path; unique over all groups here. */
  readonly name: KindName;
  readonly kind: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly namespaced: boolean;
  readonly subresources: readonly Subresource[];
  /** `metadata.generation` counts changes of the spec. */
  readonly countsGenerations: boolean;
  /**
   * Where it is a custom resource: served only in clusters that have it, in the versions that they say. `version` is the
   * one of the path then.
   */
  readonly custom: boolean;
  /** Whether an update may leave out `metadata.resourceVersion`, to overwrite whatever is there. */
  readonly unconditionalUpdate: boolean;
}

export type Subresource = 'status' | 'scale' | 'binding' | 'eviction';

function kind(name: KindName, kindName: string, shortNames: string[], rest: Partial<Kind>): Kind {
  const defaults = {
    group: '',
    version: 'v1',
    namespaced: true,
    subresources: [],
    countsGenerations: false,
    custom: false,
  };
  const singular = kindName.toLowerCase();
  return { name, kind: kindName, singular, shortNames, ...defaults, unconditionalUpdate: true, ...rest };
}

const specAndStatus = { subresources: ['status'], countsGenerations: true } as const;
const scalable = { group: 'apps', subresources: ['status', 'scale'], countsGenerations: true } as const;

/** `version`: of the path, whichever is served. Custom resources take no update without a resourceVersion. */
const custom = { version: '', custom: true, unconditionalUpdate: false } as const;
const machineGroup = { ...scalable, group: 'cluster.x-k8s.io' } as const;

export const KINDS: readonly Kind[] = [
  kind('nodes', 'Node', ['no'], { namespaced: false, subresources: ['status'] }),
  kind('namespaces', 'Namespace', ['ns'], { namespaced: false, subresources: ['status'] }),
  kind('pods', 'Pod', ['po'], { subresources: ['status', 'binding', 'eviction'], countsGenerations: true }),
  kind('events', 'Event', ['ev'], {}),
  kind('configmaps', 'ConfigMap', ['cm'], {}),
  kind('leases', 'Lease', [], { group: 'coordination.k8s.io', unconditionalUpdate: false }),
  kind('deployments', 'Deployment', ['deploy'], scalable),
  kind('replicasets', 'ReplicaSet', ['rs'], scalable),
  kind('daemonsets', 'DaemonSet', ['ds'], { group: 'apps', ...specAndStatus }),
  kind('poddisruptionbudgets', 'PodDisruptionBudget', ['pdb'], {
    group: 'policy',
    unconditionalUpdate: false,
    ...specAndStatus,
  }),
  kind('podtemplates', 'PodTemplate', [], { countsGenerations: true }),
  kind('priorityclasses', 'PriorityClass', ['pc'], { group: 'scheduling.k8s.io', namespaced: false }),
  // Karpenter's, as a cluster has them where it is installed; nothing here acts on them.
  kind('nodepools', 'NodePool', [], { group: 'karpenter.sh', namespaced: false, ...specAndStatus }),
  kind('capacitybuffers', 'CapacityBuffer', ['cb'], { group: 'autoscaling.x-k8s.io', ...specAndStatus, ...custom }),
  kind('machinedeployments', 'MachineDeployment', ['md'], { ...machineGroup, ...custom }),
  kind('machinepools', 'MachinePool', ['mp'], { ...machineGroup, ...custom }),
  kind('machines', 'Machine', ['ma'], { group: 'cluster.x-k8s.io', ...specAndStatus, ...custom }),
];

const BY_NAME: ReadonlyMap<string, Kind> = new Map(KINDS.map((k) => [k.name, k]));

export function kindNamed(name: KindName): Kind {
  const found = BY_NAME.get(name);
  if (found === undefined) throw new Error(`no kind ${name}`);
  return found;
}

/** Versions of custom resources that a cluster serves, by the plural name of their kind; the preferred one first. */
export type CustomResources = Readonly<Partial<Record<KindName, readonly string[]>>>;

/** The versions under which a kind is served, the preferred one first. */
export function versionsOf(kind: Kind, custom: CustomResources): readonly string[] {
  return kind.custom ? (custom[kind.name] ?? []) : [kind.version];
}

/** The kind under this plural of this group and version, if it is served. */
export function findKind(group: string, version: string, name: string, custom: CustomResources): Kind | undefined {
  const found = BY_NAME.get(name);
  if (found?.group !== group || !versionsOf(found, custom).includes(version)) return undefined;
  return { ...found, version };
}

/** `v1`, `apps/v1`, … */
export function apiVersionOf(kind: { readonly group: string; readonly version: string }): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** `pods`, `deployments.apps`, …: how messages name a resource. */
export function qualifiedName(kind: Kind): string {
  return kind.group === '' ? kind.name : `${kind.name}.${kind.group}`;
}
