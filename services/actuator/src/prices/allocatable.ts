import type { RESERVATIONS } from '@forescale/shared/config';
import type { Resources } from '@forescale/shared/domain';
import type { MachineType } from './price-table.ts';

export type Reservation = (typeof RESERVATIONS)[number];

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** Hypervisor, firmware and kernel keep so much of the memory that is sold; what Karpenter takes off by default, too. */
const OVERHEAD_SHARE = 0.075;

/** Below so much the kubelet evicts, by its own default. */
const EVICTION_BYTES = 100 * MIB;

/** Of each size of memory, the share that GKE keeps: 25 % of the first 4 GiB, 20 % of the next 4, and so on. */
const GKE_MEMORY = [
  { upToGib: 4, share: 0.25 },
  { upToGib: 8, share: 0.2 },
  { upToGib: 16, share: 0.1 },
  { upToGib: 128, share: 0.06 },
  { upToGib: Number.POSITIVE_INFINITY, share: 0.02 },
];

/** Millicores of the 1st, 2nd, 3rd, 4th and each further core that are kept. */
const GKE_CORES = { first: [60, 10, 5, 5], further: 2.5 };
const AKS_CORES = { first: [60, 40, 20, 20], further: 10 };

/**
 * What a machine will offer to pods, before it is there to ask. On the safe side: a node that turns out larger is
 * counted by what its kubelet says. m7g.xlarge with 4 CPUs and 16 GiB, as EKS, 110 pods: 4000 - 80 = 3920m, and
 * 16 GiB x 0.925 - (255 + 11 x 110) MiB - 100 MiB = 13.3 GiB.
 */
export function allocatableOf(type: MachineType, reservation: Reservation, maxPods: number): Resources {
  const usableBytes = type.memoryBytes * (1 - OVERHEAD_SHARE);
  const kept = reservedOf(type.vcpus, usableBytes, reservation, maxPods);
  return {
    cpuMillicores: Math.max(0, Math.floor(type.vcpus * 1_000 - kept.cpuMillicores)),
    memoryBytes: Math.max(0, Math.floor(usableBytes - kept.memoryBytes - EVICTION_BYTES)),
    pods: maxPods,
    gpus: type.gpus,
  };
}

function reservedOf(vcpus: number, bytes: number, reservation: Reservation, maxPods: number) {
  switch (reservation) {
    case 'eks':
      return { cpuMillicores: ofCores(vcpus, GKE_CORES), memoryBytes: (255 + 11 * maxPods) * MIB };
    case 'gke':
      return { cpuMillicores: ofCores(vcpus, GKE_CORES), memoryBytes: ofMemory(bytes) };
    case 'aks':
      // Since 1.29, in MB: 20 a pod and 50, and never more than a quarter.
      return { cpuMillicores: ofCores(vcpus, AKS_CORES), memoryBytes: Math.min((20 * maxPods + 50) * 1e6, bytes / 4) };
    case 'k3s':
      return { cpuMillicores: 0, memoryBytes: 0 };
  }
}

function ofCores(vcpus: number, { first, further }: typeof GKE_CORES): number {
  const few = first.slice(0, vcpus).reduce((sum, one) => sum + one, 0);
  return few + Math.max(0, vcpus - first.length) * further;
}

function ofMemory(bytes: number): number {
  let kept = 0;
  let fromBytes = 0;
  for (const { upToGib, share } of GKE_MEMORY) {
    kept += Math.max(0, Math.min(bytes, upToGib * GIB) - fromBytes) * share;
    fromBytes = upToGib * GIB;
  }
  return bytes < GIB ? Math.max(kept, 255 * MIB) : kept;
}
