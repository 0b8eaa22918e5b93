import { type Config, providersOf } from '../config/index.ts';
import { providerRights, type Row } from './provider-permissions.ts';

/** A right in the terms of Kubernetes' RBAC. */
export interface Permission {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';
  /** '' for the core group. */
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  /** '' for what is in no namespace, or in all of them. */
  readonly namespace: string;
  /** '' for any. */
  readonly name: string;
}

/** A right that a service asks the cluster for, and what is lost where it is refused. */
export interface NeededPermission extends Permission {
  readonly service: ClusterService;
  /** What does not work without it, as the end of "without it …". */
  readonly without: string;
  /** `fail`: the service cannot do its work; `warn`: it goes on with less. */
  readonly missing: 'fail' | 'warn';
}

/** The services that talk to the cluster. Predictors do not. */
export type ClusterService = 'collector' | 'actuator';

const NO_PICTURE = 'nodes and pods are not seen, and nothing is measured or planned';
const NO_WATCH = 'nothing is followed in clusters of more than 500 nodes or pods, and each tick lists them all';
const METRICS = 'metrics.k8s.io';

/** Events about nodes, which are in no namespace, live in this one. */
const EVENTS_NAMESPACE = 'default';

const READING: readonly Row[] = [
  { verb: 'list', resource: 'nodes', without: NO_PICTURE },
  { verb: 'list', resource: 'pods', without: NO_PICTURE },
];

const WATCHING: readonly Row[] = [
  { verb: 'watch', resource: 'nodes', without: NO_WATCH, missing: 'warn' },
  { verb: 'watch', resource: 'pods', without: NO_WATCH, missing: 'warn' },
];

const MEASURING: readonly Row[] = [
  { verb: 'list', group: METRICS, resource: 'nodes', without: 'the use of nodes is not measured', missing: 'warn' },
  { verb: 'list', group: METRICS, resource: 'pods', without: 'rightsize knows no use of pods', missing: 'warn' },
];

const PLANNING: readonly Row[] = [
  {
    verb: 'get',
    resource: 'namespaces',
    name: 'kube-system',
    without: 'this cluster is not told from others of the account, and nothing is planned',
  },
  {
    verb: 'create',
    resource: 'events',
    namespace: EVENTS_NAMESPACE,
    without: 'the cluster gets no Events of what is done',
    missing: 'warn',
  },
  {
    verb: 'get',
    resource: 'configmaps',
    namespace: 'kube-system',
    name: 'cluster-autoscaler-status',
    without: 'a hosted Cluster Autoscaler is not noticed',
    missing: 'warn',
  },
  {
    verb: 'list',
    group: 'apps',
    resource: 'deployments',
    without: 'a Cluster Autoscaler or Karpenter beside is not noticed',
    missing: 'warn',
  },
  {
    verb: 'list',
    group: 'karpenter.sh',
    resource: 'nodepools',
    without: 'NodePools of Karpenter that own the pool are not noticed',
    missing: 'warn',
  },
];

const ENFORCING: readonly Row[] = [
  { verb: 'get', resource: 'nodes', without: 'nodes cannot be tainted, and none is drained' },
  { verb: 'patch', resource: 'nodes', without: 'nodes cannot be cordoned, and none is drained' },
  { verb: 'delete', resource: 'nodes', without: 'Nodes of machines that are gone stay behind' },
  { verb: 'create', resource: 'pods', subresource: 'eviction', without: 'pods cannot be evicted, and no node drained' },
  { verb: 'delete', resource: 'pods', without: 'pods of machines that are gone stay behind' },
];

/** The Lease that actuators elect their leader on, in the namespace of our own objects. */
export const LEASE_NAME = 'forescale-actuator';

function electing(namespace: string): Row[] {
  const lease = { group: 'coordination.k8s.io', resource: 'leases', namespace };
  return [
    { ...lease, verb: 'create', without: 'no leader is elected in a new namespace, and nobody acts' },
    { ...lease, verb: 'get', name: LEASE_NAME, without: 'no leader is elected, and nobody acts' },
    { ...lease, verb: 'update', name: LEASE_NAME, without: 'no leader is elected, and nobody acts' },
  ];
}

function steering({ kubernetes, pools }: Config): Row[] {
  return pools.map((pool) => ({
    verb: 'get',
    resource: 'configmaps',
    namespace: kubernetes.namespace,
    name: poolConfigMap(pool.name),
    without: `annotations do not steer pool ${pool.name}`,
    missing: 'warn',
  }));
}

/** The ConfigMap whose annotations steer a pool. */
function poolConfigMap(pool: string): string {
  return `forescale-${pool}`;
}

/** Everything that the services ask of the cluster as they are configured: no more, and no less. */
export function neededPermissions(config: Config, services: readonly ClusterService[]): readonly NeededPermission[] {
  const { watch, namespace, leaderElection } = config.kubernetes;
  const reading = [...READING, ...(watch && config.clock.source === 'system' ? WATCHING : [])];
  const rows: Readonly<Record<ClusterService, readonly Row[]>> = {
    collector: [...reading, ...MEASURING],
    actuator: [
      ...reading,
      ...PLANNING,
      ...steering(config),
      ...(config.pools.some(changesNodes) ? ENFORCING : []),
      ...config.pools.flatMap(rightsOfProviders),
      ...(leaderElection ? electing(namespace) : []),
    ],
  };
  return services.flatMap((service) => rows[service].map((row) => complete(service, row)));
}

/** A pool whose nodes somebody else owns leaves them alone. */
function changesNodes({ mode, provider }: Config['pools'][number]): boolean {
  return mode === 'enforce' && provider.kind !== 'buffer';
}

function rightsOfProviders({ name, mode, provider }: Config['pools'][number]): Row[] {
  return [...providersOf(provider).values()].flatMap((one) => providerRights(one, name, mode === 'enforce'));
}

function complete(service: ClusterService, row: Row): NeededPermission {
  return { group: '', subresource: '', namespace: '', name: '', missing: 'fail', service, ...row };
}

/** "patch nodes", "create pods/eviction", "list pods.metrics.k8s.io", "get configmaps forescale-web in forescale". */
export function describePermission({ verb, group, resource, subresource, namespace, name }: Permission): string {
  const kind = `${resource}${subresource && `/${subresource}`}${group && `.${group}`}`;
  return `${verb} ${kind}${name && ` ${name}`}${namespace && ` in ${namespace}`}`;
}
