export type { KubeConfig } from '@kubernetes/client-node';
export { type ApiService, readApiService } from './api-service.ts';
export type { AutoscalerFacts, AutoscalerPart } from './autoscalers.ts';
export { connectKubernetes } from './connection.ts';
export { KubernetesRefusedError, KubernetesUnavailableError } from './errors.ts';
export { createLease } from './lease.ts';
export { parseNode, parsePod } from './parse-objects.ts';
export {
  type ClusterService,
  describePermission,
  LEASE_NAME,
  type NeededPermission,
  neededPermissions,
  type Permission,
} from './permissions.ts';
export { type ClusterProbe, createClusterProbe, type ServerVersion } from './probe.ts';
export { clusterApiRights } from './provider-permissions.ts';
export {
  type ClusterReader,
  createClusterReader,
  createWatchingReader,
  type Usage,
  type WatchingReader,
} from './reader.ts';
export { type ApiRequest, requestJson } from './request.ts';
export { createSurroundings, type Surroundings } from './surroundings.ts';
export {
  type ClusterEvent,
  type ClusterWriter,
  createClusterWriter,
  type EvictionResult,
  type NodeChange,
} from './writer.ts';
