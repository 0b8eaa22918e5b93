import type { ClusterPod, PodSelection } from '@forescale/shared/domain';

/** The label by which a selection is looked up, with the values that it allows; null: it names none. */
export function labelOf(selection: PodSelection): { readonly key: string; readonly values: readonly string[] } | null {
  return selection.requirements.find((one) => one.operator === 'In') ?? null;
}

/** Things that speak of pods, found by the pods that they may speak of. */
export class LabelIndex<T> {
  /** By the key of a label, then by its value. */
  readonly #byLabel = new Map<string, Map<string, T[]>>();
  readonly #others: T[] = [];

  add(selection: PodSelection, item: T): void {
    const label = labelOf(selection);
    if (label === null) {
      this.#others.push(item);
      return;
    }
    const byValue = this.#byLabel.get(label.key) ?? new Map<string, T[]>();
    this.#byLabel.set(label.key, byValue);
    for (const value of label.values) {
      const known = byValue.get(value);
      if (known) known.push(item);
      else byValue.set(value, [item]);
    }
  }

  /** A superset of what speaks of this pod. */
  of(pod: ClusterPod): readonly T[] {
    let found: readonly T[] = this.#others;
    for (const [key, byValue] of this.#byLabel) {
      const value = pod.labels[key];
      const more = value === undefined ? undefined : byValue.get(value);
      if (more !== undefined) found = found.length === 0 ? more : [...found, ...more];
    }
    return found;
  }
}
