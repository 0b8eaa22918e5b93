import {
  addResources,
  NO_RESOURCES,
  parseCpuMillicores,
  parseQuantity,
  type Resources,
} from '@forescale/shared/domain';
import type { PodObject, PodSpec, Quantities } from './objects.ts';

const KNOWN = new WeakMap<PodSpec, Resources>();

/**
 * What the scheduler reserves for a pod: the sum over its containers, or the largest init container where that is
 * more, plus the runtime's overhead. Computed once per spec: specs are never changed in place.
 */
export function podRequests(pod: PodObject): Resources {
  const { spec } = pod;
  const known = KNOWN.get(spec);
  if (known !== undefined) return known;
  const steady = spec.containers
    .map((container) => resourcesOf(container.resources?.requests))
    .reduce(addResources, NO_RESOURCES);
  const initial = (spec.initContainers ?? []).map((container) => resourcesOf(container.resources?.requests));
  const peak = (field: keyof Resources) => Math.max(steady[field], ...initial.map((one) => one[field]));
  const requests = addResources(
    { cpuMillicores: peak('cpuMillicores'), memoryBytes: peak('memoryBytes'), pods: 1, gpus: peak('gpus') },
    resourcesOf(spec.overhead),
  );
  KNOWN.set(spec, requests);
  return requests;
}

/** Quantities as they stand in objects. What cannot be read was refused when it was written. */
export function resourcesOf(quantities: Quantities | undefined): Resources {
  return {
    cpuMillicores: parseCpuMillicores(quantities?.cpu ?? '0') ?? 0,
    memoryBytes: parseQuantity(quantities?.memory ?? '0') ?? 0,
    pods: parseQuantity(quantities?.pods ?? '0') ?? 0,
    gpus: parseQuantity(quantities?.['nvidia.com/gpu'] ?? '0') ?? 0,
  };
}

/** The same, the other way round. */
export function quantitiesOf(resources: Resources): Quantities {
  return {
    cpu: `${resources.cpuMillicores}m`,
    memory: `${Math.floor(resources.memoryBytes / 1024)}Ki`,
    ...(resources.pods > 0 && { pods: String(resources.pods) }),
    ...(resources.gpus > 0 && { 'nvidia.com/gpu': String(resources.gpus) }),
  };
}
