import { KINDS } from '../objects/kinds.ts';
import type { Registry } from '../store/registry.ts';
import type { Controller } from './controller.ts';

/** Deletes what a deleted object owned, as Kubernetes' garbage collector does in the background. */
export class OwnerGarbage implements Controller {
  readonly name = 'owner-garbage';
  readonly #registry: Registry;
  readonly #deletedUids = new Set<string>();

  constructor(registry: Registry) {
    this.#registry = registry;
    registry.store.onChange(({ kind, type, entry }) => {
      // Pods and events own nothing, and are deleted all the time.
      if (type === 'DELETED' && kind !== 'pods' && kind !== 'events') this.#deletedUids.add(entry.object.metadata.uid);
    });
  }

  run(): void {
    if (this.#deletedUids.size === 0) return;
    const uids = new Set(this.#deletedUids);
    this.#deletedUids.clear();
    for (const { name } of KINDS) {
      for (const { object } of this.#registry.store.collection(name).entries('')) {
        const owners = object.metadata.ownerReferences ?? [];
        if (owners.length > 0 && owners.every((owner) => uids.has(owner.uid))) this.#registry.delete(name, object);
      }
    }
  }
}
