import type { Resources, Taint } from '@forescale/shared/domain';
import type { CallLimits, CloudOptions, OfferingSpec } from '../cloud/index.ts';
import type { OfferingKey } from '../cloud/offering.ts';
import type { TraceWorkloadOptions } from '../workload/index.ts';
import type { Authorizer } from './api/authorizer.ts';
import type { UserInfo } from './api/request.ts';
import type { ReactiveAutoscalerOptions } from './controllers/reactive-autoscaler.ts';
import type { CustomResources } from './objects/kinds.ts';

/** Machines that are there, and Ready, from the start. They are paid for like all others. */
export interface InitialNodes {
  /** One of the cluster's offerings; the region is `local` when absent. */
  readonly offering: Omit<OfferingKey, 'region'> & { readonly region?: string };
  readonly count: number;
  /** Nodes are called `<namePrefix>-0`, `-1`, …; `node` when absent. */
  readonly namePrefix?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  readonly pool?: string;
  /** Carries the cluster's tag in the cloud, as machines do that an autoscaler made. False when absent. */
  readonly tagged?: boolean;
}

/** A pod of this size runs on every node: what a node spends on itself. */
export interface DaemonPod {
  readonly name: string;
  readonly requests: Pick<Resources, 'cpuMillicores' | 'memoryBytes'>;
}

/** How long things take, in virtual time. */
export interface Timing {
  /** From a pod being bound to it running; images are there already. */
  readonly podStartMs: number;
  /** From a node joining to it being Ready. */
  readonly nodeReadyMs: number;
  /** From a machine being gone to its node being called unreachable. */
  readonly nodeMonitorGraceMs: number;
  /** From a node object being deleted to its pods being deleted too. */
  readonly orphanGraceMs: number;
}

export interface SimulatedClusterOptions {
  readonly seed: number;
  readonly startMs: number;
  readonly offerings: readonly OfferingSpec[];
  readonly initialNodes?: readonly InitialNodes[];
  /** Besides those that every cluster has. */
  readonly namespaces?: readonly string[];
  /** One tainted node with the control-plane role, free of charge. False when absent. */
  readonly controlPlane?: boolean;
  readonly daemonPods?: readonly DaemonPod[];
  readonly workload?: TraceWorkloadOptions;
  readonly timing?: Partial<Timing>;
  readonly cloud?: CloudOptions;
  /** Whether a cloud controller deletes the Node of a machine that is gone. False when absent, as in K3s. */
  readonly cloudController?: boolean;
  /** Whether metrics.k8s.io is served. True when absent. */
  readonly metricsApi?: boolean;
  /** Bearer tokens of the Kubernetes API and who has them; without any, everybody is an administrator. */
  readonly users?: ReadonlyMap<string, UserInfo>;
  readonly authorizer?: Authorizer;
  /** An autoscaler that owns nodes of the cluster. None when absent. */
  readonly reactiveAutoscaler?: ReactiveAutoscalerOptions;
  /** Custom resources that are served, and in which versions; where Machines are, Cluster API runs. None when absent. */
  readonly customResources?: CustomResources;
  /** A page of a list has at most so many, however many are asked for. No such limit when absent. */
  readonly listItemsMax?: () => number;
  /** Bearer token of the cloud's API; none is needed when absent. */
  readonly cloudToken?: string;
  /** How slow and how strict the cloud's HTTP API is, and whether that is simulated or real time. */
  readonly cloudCalls?: CallLimits & { readonly time?: 'virtual' | 'wall' };
  /** Changes kept per kind for watches and pages. 4,096 when absent. */
  readonly historyEvents?: number;
}

export const DEFAULT_TIMING: Timing = {
  podStartMs: 2_000,
  nodeReadyMs: 5_000,
  nodeMonitorGraceMs: 40_000,
  orphanGraceMs: 40_000,
};
