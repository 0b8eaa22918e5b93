import type { ClusterPod, PodSelection } from '@forescale/shared/domain';

/** The label by which a selection is looked up, with the values that it allows; null: it names none. */
export function labelOf(selection: PodSelection): { readonly key: string; readonly values: readonly string[] } | null {
  return selection.requirements.find((one) => one.operator === 'In') ?? null;
}

/** Things that speak of pods, found by the pods that they may speak of. */
export class LabelIndex<T> {
  readonly #byLabel = new Map<string, T[]>();
  readonly #others: T[] = [];

  add(selection: PodSelection, item: T): void {
    const label = labelOf(selection);
    if (label === null) this.#others.push(item);
    for (const value of label?.values ?? []) {
      const key = `${label?.key}=${value}`;
      const known = this.#byLabel.get(key);
      if (known) known.push(item);
      else this.#byLabel.set(key, [item]);
    }
  }

  /** A superset of what speaks of this pod. */
  of(pod: ClusterPod): readonly T[] {
    if (this.#byLabel.size === 0) return this.#others;
    const found = [...this.#others];
    for (const key in pod.labels) found.push(...(this.#byLabel.get(`${key}=${pod.labels[key]}`) ?? []));
    return found;
  }
}
