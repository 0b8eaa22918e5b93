import { createHash } from 'node:crypto';
import type { JsonObject } from '../objects/json.ts';
import {
  type Condition,
  controllerOf,
  isTerminating,
  type ReplicatedObject,
  type StoredObject,
  withCondition,
} from '../objects/objects.ts';
import { timestamp } from '../objects/timestamps.ts';
import type { Registry } from '../store/registry.ts';
import type { Controller } from './controller.ts';
import { ownerReference } from './replica-sets.ts';

const TEMPLATE_HASH = 'pod-template-hash';

/**
 * Keeps one ReplicaSet per pod template of each Deployment, and gives all replicas to that of the present template.
 * A changed template replaces all pods at once: there is no gradual roll-out.
 */
export class Deployments implements Controller {
  readonly name = 'deployments';
  readonly #registry: Registry;
  readonly #changed = new Set<string>();

  constructor(registry: Registry) {
    this.#registry = registry;
    registry.store.onChange(({ kind, entry }) => {
      if (kind === 'deployments') this.#changed.add(entry.object.metadata.uid);
      if (kind !== 'replicasets') return;
      const owner = controllerOf(entry.object);
      if (owner !== undefined) this.#changed.add(owner.uid);
    });
  }

  run(): void {
    if (this.#changed.size === 0) return;
    const uids = new Set(this.#changed);
    this.#changed.clear();
    for (const deployment of [...this.#registry.store.objects('deployments')]) {
      if (uids.has(deployment.metadata.uid) && !isTerminating(deployment)) this.#reconcile(deployment);
    }
  }

  #reconcile(deployment: ReplicatedObject): void {
    const hash = hashOf(deployment.spec.template);
    const owned = this.#owned(deployment);
    const present = owned.find((set) => set.metadata.labels?.[TEMPLATE_HASH] === hash);
    for (const set of owned) if (set !== present) this.#scale(set, 0);
    const replicas = deployment.spec.replicas ?? 1;
    if (present === undefined) this.#createSet(deployment, hash, replicas);
    else this.#scale(present, replicas);
    this.#writeStatus(deployment, present);
  }

  #owned(deployment: ReplicatedObject): ReplicatedObject[] {
    const { uid } = deployment.metadata;
    return [...this.#registry.store.objects('replicasets')].filter((set) => controllerOf(set)?.uid === uid);
  }

  #scale(set: ReplicatedObject, replicas: number): void {
    if (set.spec.replicas === replicas) return;
    this.#registry.update('replicasets', { ...set, spec: { ...set.spec, replicas } });
  }

  #createSet(deployment: ReplicatedObject, hash: string, replicas: number): void {
    const { name, namespace = '' } = deployment.metadata;
    const { selector, template } = deployment.spec;
    const hashed = { [TEMPLATE_HASH]: hash };
    const labels = { ...template.metadata?.labels, ...hashed };
    this.#registry.create('replicasets', {
      metadata: {
        name: `${name}-${hash}`,
        namespace,
        labels,
        ownerReferences: [ownerReference('apps/v1', 'Deployment', deployment)],
      },
      spec: {
        replicas,
        selector: { ...selector, matchLabels: { ...selector.matchLabels, ...hashed } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    });
  }

  #writeStatus(deployment: ReplicatedObject, set: ReplicatedObject | undefined): void {
    const replicas = deployment.spec.replicas ?? 1;
    const ready = set?.status?.readyReplicas ?? 0;
    const now = timestamp(this.#registry.nowMs());
    const enough = ready >= replicas - Math.floor(replicas / 4);
    const available: Condition & { readonly lastTransitionTime: string } = {
      type: 'Available',
      status: enough ? 'True' : 'False',
      reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
      lastTransitionTime: now,
    };
    const status: JsonObject = {
      observedGeneration: deployment.metadata.generation ?? 1,
      replicas: set?.status?.replicas ?? 0,
      updatedReplicas: set?.status?.replicas ?? 0,
      readyReplicas: ready,
      availableReplicas: ready,
      unavailableReplicas: Math.max(0, replicas - ready),
      conditions: withCondition(deployment.status?.conditions, available),
    };
    const next: StoredObject = { ...deployment, status };
    this.#registry.update('deployments', next);
  }
}

/** Ten letters and digits that change with the template. */
function hashOf(template: unknown): string {
  return createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 10);
}
