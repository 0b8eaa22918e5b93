import type { ClusterPod, Taint } from './cluster.ts';

/** One condition on labels, as Kubernetes has it: `NotIn` and `DoesNotExist` hold also where the label is absent. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';
  readonly values: readonly string[];
}

/** Pods of some namespaces (null: of all) whose labels meet every requirement. */
export interface PodSelection {
  readonly namespaces: readonly string[] | null;
  readonly requirements: readonly LabelRequirement[];
}

/** Speaks of pods in the same domain: on nodes with the same value of the label `topologyKey`. */
export interface NeighbourRule {
  readonly topologyKey: string;
  readonly pods: PodSelection;
}

export interface SpreadRule extends NeighbourRule {
  /** At most so many more of the pods in one domain than in the one that has fewest. */
  readonly maxSkew: number;
}

/** What a pod requires of its node beyond selector and tolerations. What it only prefers is not kept. */
export interface PodRules {
  /** Any of these terms, each with all of its requirements; no terms: any node. */
  readonly nodeTerms: readonly (readonly LabelRequirement[])[];
  /** No such pod in the domain. */
  readonly apartFrom: readonly NeighbourRule[];
  /** Such a pod in the domain, unless there is none at all and the pod itself is one. */
  readonly besides: readonly NeighbourRule[];
  readonly spread: readonly SpreadRule[];
}

export const HOSTNAME_LABEL = 'kubernetes.io/hostname';

type Labels = Readonly<Record<string, string>>;

export function meets({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = labels[key];
  if (operator === 'DoesNotExist') return value === undefined;
  if (operator === 'NotIn') return value === undefined || !values.includes(value);
  if (value === undefined) return false;
  if (operator === 'Exists') return true;
  if (operator === 'In') return values.includes(value);
  const [number, limit] = [Number(value), Number(values[0])];
  return operator === 'Gt' ? number > limit : number < limit;
}

export function selectsPod(
  { namespaces, requirements }: PodSelection,
  pod: Pick<ClusterPod, 'namespace' | 'labels'>,
): boolean {
  if (namespaces !== null && !namespaces.includes(pod.namespace)) return false;
  return requirements.every((one) => meets(one, pod.labels));
}

/** Whether a pod may run on such a node, room and neighbours aside: selector, node affinity and taints. */
export function mayRunOn(
  pod: Pick<ClusterPod, 'nodeSelector' | 'tolerations' | 'rules'>,
  labels: Labels,
  taints: readonly Taint[],
): boolean {
  for (const key in pod.nodeSelector) if (labels[key] !== pod.nodeSelector[key]) return false;
  const terms = pod.rules?.nodeTerms ?? [];
  if (terms.length > 0 && !terms.some((term) => term.every((one) => meets(one, labels)))) return false;
  return taints.every((taint) => taint.effect === 'PreferNoSchedule' || isTolerated(taint, pod));
}

function isTolerated(taint: Taint, { tolerations }: Pick<ClusterPod, 'tolerations'>): boolean {
  return tolerations.some(
    (one) =>
      (one.effect === null || one.effect === taint.effect) &&
      (one.key === null ? one.operator === 'Exists' : one.key === taint.key) &&
      (one.operator === 'Exists' || one.value === taint.value),
  );
}
