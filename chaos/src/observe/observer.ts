import { boundsAt } from '@forescale/shared/config';
import type { ClusterPod } from '@forescale/shared/domain';
import type { Machine } from '@forescale/simulator/cloud';
import type { SimulatedCluster } from '@forescale/simulator/cluster';
import type { SeenObjects } from '../ports/kube.ts';
import { needs, SPARE_NODES_MAX } from '../world/need.ts';
import { POOL, pool } from '../world/scenario.ts';
import type { Finding, FindingKind } from './findings.ts';

const MINUTE_MS = 60_000;
/** Clocks jump by up to 12 min, and a tick takes its time: a bound of that long ago, or of soon, counts as in force. */
const BOUND_SLACK_MS = 15 * MINUTE_MS;
/** What was needed within so long may have been ordered for. */
const NEED_MINUTES = 15;
const BACK_MS = 2 * MINUTE_MS;

/**
 * Watches what the processes do to cloud and cluster, at the moment at which it takes effect, and knows nothing of
 * what they think. Findings are what must never happen.
 */
export class Observer {
  readonly findings: Finding[] = [];
  readonly #cluster: SimulatedCluster;
  readonly #seen: SeenObjects;
  readonly #say: (text: string) => void;
  readonly #loadAt: (nowMs: number) => number;
  /** Machines that somebody wanted to go, whether the call came through or not. */
  readonly #leaving = new Set<string>();
  /** Nodes whose Node the harness itself has deleted, or whose machine it has ended: what follows is nobody's fault. */
  readonly #excused = new Set<string>();

  constructor(
    cluster: SimulatedCluster,
    seen: SeenObjects,
    loadAt: (nowMs: number) => number,
    say: (text: string) => void,
  ) {
    this.#loadAt = loadAt;
    this.#cluster = cluster;
    this.#seen = seen;
    this.#say = say;
  }

  find(kind: FindingKind, text: string): void {
    this.findings.push({ kind, atMs: this.#cluster.nowMs(), text });
    this.#say(`FOUND ${kind}: ${text}`);
  }

  excuse(nodeName: string): void {
    this.#excused.add(nodeName);
  }

  /**
   * `isHeldBack`: the leader called, and was held before its call was carried out. No check of its own comes later than the
   * call, and a cloud knows no terms: the machine may be one too many, and is to be gone when the pool is at rest.
   */
  created(machine: Machine, isHeldBack = false): void {
    const alive = this.machines();
    this.#say(`cloud: ${machine.id} for ${machine.requestId}, ${machine.offering.id}`);
    for (const other of alive) {
      const isSame = other.requestId === machine.requestId || other.nodeName === machine.nodeName;
      if (isSame && other.id !== machine.id)
        this.find('duplicates', `${other.id} and ${machine.id} for ${machine.requestId}`);
    }
    // A repeated call gives back what it made before; that was counted then.
    if (machine.requestedMs < this.#cluster.nowMs()) return;
    if (isHeldBack) this.#say(`${machine.id} was asked for before its process was held`);
    else this.#checkWanted(machine, alive);
  }

  /** Neither above the max, nor more than the load asks for. */
  #checkWanted(machine: Machine, alive: readonly Machine[]): void {
    const counted = alive.filter((one) => this.#counts(one));
    const max = this.maxInForce();
    if (counted.length > max)
      this.find('bound_breaks', `${machine.id} is one of ${counted.length} nodes, ready or starting; max ${max}`);
    const useful = counted.filter(({ nodeName }) => this.#isUseful(nodeName)).length;
    const most = Math.max(...needs(this.#cluster.nowMs(), this.#loadAt, NEED_MINUTES, max)) + SPARE_NODES_MAX;
    if (useful > most) this.find('duplicates', `${machine.id} is one of ${useful} nodes, and ${most} would do`);
  }

  terminateAsked(machineId: string): void {
    this.#leaving.add(machineId);
  }

  terminating(machineId: string): void {
    const machine = this.#cluster.cloud.get(machineId);
    if (machine === undefined || !isAlive(machine)) return;
    this.#say(`cloud: ${machineId} (${machine.nodeName}) is terminated`);
    this.#checkEmpty(machine.nodeName, `${machineId} was terminated`);
  }

  nodeDeleted(nodeName: string): void {
    this.#say(`kubernetes: node ${nodeName} is deleted`);
    this.#checkEmpty(nodeName, 'its Node was deleted');
  }

  podDeleted(namespace: string, name: string): void {
    const pod = this.#seen.pods(this.#cluster).find((one) => one.namespace === namespace && one.name === name);
    if (pod?.nodeName && !pod.terminating && !this.#isExcused(pod.nodeName))
      this.find('pdb_breaks', `pod ${name} of ${pod.nodeName} was deleted, not evicted`);
  }

  /** Machines of the pool that are neither ended nor ending. */
  machines(): Machine[] {
    return this.#cluster.cloud.list().filter((machine) => machine.pool === POOL && isAlive(machine));
  }

  /** The largest maximum of about now. */
  maxInForce(): number {
    const nowMs = this.#cluster.nowMs();
    const times = [nowMs - BOUND_SLACK_MS, nowMs, nowMs + BOUND_SLACK_MS];
    return Math.max(...times.map((timeMs) => boundsAt(pool, timeMs, null).maxNodes.value));
  }

  /** Whether it is a node, or may become one, and nobody has begun to take it away. */
  #counts(machine: Machine): boolean {
    if (this.#leaving.has(machine.id) || machine.reclaimMs !== null) return false;
    if (machine.bootedMs === null) return this.#cluster.nowMs() - machine.requestedMs <= pool.registrationTimeoutMs;
    return this.#seen.nodes(this.#cluster).some(({ name }) => name === machine.nodeName);
  }

  /** Starting, or serving and not just back from an outage, in which others were ordered for it. */
  #isUseful(nodeName: string): boolean {
    const node = this.#seen.nodes(this.#cluster).find(({ name }) => name === nodeName);
    if (node === undefined) return true;
    const isBack =
      node.ready &&
      this.#cluster.nowMs() - node.readyChangedMs < BACK_MS &&
      node.readyChangedMs > node.createdMs + BACK_MS;
    return node.ready && !node.unschedulable && !isBack;
  }

  #checkEmpty(nodeName: string, what: string): void {
    if (this.#isExcused(nodeName)) return;
    const left = this.#seen.pods(this.#cluster).filter((pod) => pod.nodeName === nodeName && wasNotEvicted(pod));
    if (left.length > 0)
      this.find('pdb_breaks', `${nodeName}: ${what} with ${left.length} pods that were not evicted: ${left[0]?.name}`);
  }

  /** Its machine is gone or was to be taken back, or its kubelet is silent: budgets are none of its pods' business. */
  #isExcused(nodeName: string): boolean {
    if (this.#excused.has(nodeName)) return true;
    const machine = this.machines().find((one) => one.nodeName === nodeName);
    if (machine === undefined || machine.reclaimMs !== null) return true;
    const node = this.#seen.nodes(this.#cluster).find(({ name }) => name === nodeName);
    return node !== undefined && !node.ready;
  }
}

function isAlive({ state }: Machine): boolean {
  return state === 'starting' || state === 'running';
}

function wasNotEvicted(pod: ClusterPod): boolean {
  return !pod.terminating && pod.ownerKind !== 'DaemonSet' && pod.ownerKind !== 'Node';
}
