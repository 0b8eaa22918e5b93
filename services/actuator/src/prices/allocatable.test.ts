import { RESERVATIONS } from '@forescale/shared/config';
import { describe, expect, it } from 'vitest';
import { allocatableOf } from './allocatable.ts';
import type { MachineType } from './price-table.ts';

const MIB = 2 ** 20;

const machine = (vcpus: number, gib: number): MachineType => ({
  instanceType: 'm',
  family: 'm',
  architecture: 'amd64',
  vcpus,
  memoryBytes: gib * 2 ** 30,
  gpus: 0,
  byRegion: new Map(),
});

describe('what a machine will offer to pods', () => {
  // Memory by hand, for 110 pods. Of 16 GiB 15155.2 MiB are seen (x 0.925), of 4 GiB 3788.8; 100 MiB are the kubelet's.
  // eks: 255 + 11 x 110 = 1465 MiB. gke, 16 GiB: 0.25 x 4096 + 0.2 x 4096 + 0.1 x (15155.2 - 8192) = 2539.52 MiB.
  // aks: 20 MB x 110 + 50 MB = 2250 MB = 2145.77 MiB; of 4 GiB at most a quarter, 947.2 MiB.
  it.each([
    ['eks', 4, 16, 3_920, 13_590.2],
    ['gke', 4, 16, 3_920, 12_515.7],
    ['aks', 4, 16, 3_860, 12_909.4],
    ['k3s', 4, 16, 4_000, 15_055.2],
    ['eks', 2, 4, 1_930, 2_223.8],
    ['aks', 2, 4, 1_900, 2_741.6],
    ['gke', 16, 64, 15_890, 55_204.2],
  ] as const)('%s, %i CPUs and %i GiB: %im, %f MiB', (reservation, vcpus, gib, millicores, mib) => {
    const { cpuMillicores, memoryBytes } = allocatableOf(machine(vcpus, gib), reservation, 110);
    expect(cpuMillicores).toBe(millicores);
    expect(memoryBytes / MIB).toBeCloseTo(mib, 0);
  });

  it.each(RESERVATIONS)('%s: is never negative, and grows with the machine', (reservation) => {
    let before = -1;
    for (const gib of [0.5, 1, 2, 4, 8, 16, 64, 256, 1_024]) {
      const { memoryBytes } = allocatableOf(machine(1, gib), reservation, 110);
      expect(memoryBytes).toBeGreaterThanOrEqual(Math.max(0, before));
      expect(memoryBytes).toBeLessThan(gib * 2 ** 30);
      before = memoryBytes;
    }
  });
});
