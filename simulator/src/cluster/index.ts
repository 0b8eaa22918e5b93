export type { AccessRequest, Authorizer, Verb } from './api/authorizer.ts';
export { rbacAuthorizer } from './api/rbac.ts';
export type { UserInfo } from './api/request.ts';
export type { FaultAction, FaultRule, InstalledFault } from './http/faults.ts';
export type { RunningServer } from './http/http-server.ts';
export type { DaemonPod, InitialNodes, SimulatedClusterOptions, Timing } from './options.ts';
export {
  type ClusterSummary,
  createSimulatedCluster,
  type ListenOptions,
  SimulatedCluster,
} from './simulated-cluster.ts';
