import type { ClusterNode, ClusterState } from '@forescale/shared/domain';

/** Finds the Node of a machine by name, else, where the machine was named by others, by provider id. */
export function nodeFinder(
  cluster: ClusterState,
): (machine: { readonly nodeName: string; readonly providerId: string }) => ClusterNode | null {
  const byName = new Map(cluster.nodes.map((node) => [node.name, node]));
  const byProviderId = new Map(cluster.nodes.map((node) => [node.providerId, node]));
  byProviderId.delete('');
  return ({ nodeName, providerId }) => byName.get(nodeName) ?? byProviderId.get(providerId) ?? null;
}
