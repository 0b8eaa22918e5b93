import type { ClusterState } from '@forescale/shared/domain';
import type { Interruption } from '../providers/port.ts';
import { nodeFinder } from './node-of.ts';
import { type NodeSign, signOf } from './node-signs.ts';
import type { NodeRecord } from './record.ts';

type Kind = Interruption['kind'];

/** What is said of machines that are taken back, or at risk: by their provider, and by their Nodes. */
export class Notices {
  #told: readonly Interruption[] = [];
  /** By request id. */
  #signs: ReadonlyMap<string, NodeSign> = new Map();

  /** All that the provider says now. */
  hear(told: readonly Interruption[]): void {
    this.#told = told;
  }

  /** All that the Nodes of these machines show now. */
  see(records: readonly NodeRecord[], cluster: ClusterState, nowMs: number): void {
    const nodeOf = nodeFinder(cluster);
    const signs = new Map<string, NodeSign>();
    for (const record of records) {
      const node = nodeOf(record);
      const sign = node === null ? null : signOf(node, record.offering.capacityType, nowMs);
      if (sign !== null) signs.set(record.requestId, sign);
    }
    this.#signs = signs;
  }

  /** When its machine goes (`reclaim`), or since when it has been at risk (`rebalance`); the earliest, null: nobody says so. */
  timeMs(kind: Kind, { requestId, machineIds }: NodeRecord): number | null {
    const times = this.#told.filter((one) => one.kind === kind && machineIds.includes(one.machineId));
    const sign = this.#signs.get(requestId);
    const all = [...times, ...(sign?.kind === kind ? [sign] : [])].map(({ atMs }) => atMs);
    return all.length === 0 ? null : Math.min(...all);
  }
}
