import type { TaintSpec, TolerationSpec } from '../objects/objects.ts';

const NO_TOLERATIONS: readonly TolerationSpec[] = [];

function tolerates(toleration: TolerationSpec, taint: TaintSpec): boolean {
  if (toleration.effect !== undefined && toleration.effect !== taint.effect) return false;
  if (toleration.key === undefined) return toleration.operator === 'Exists';
  if (toleration.key !== taint.key) return false;
  return toleration.operator === 'Exists' || (toleration.value ?? '') === (taint.value ?? '');
}

/** The taints that none of the tolerations covers. */
export function untolerated(
  taints: readonly TaintSpec[] | undefined,
  tolerations: readonly TolerationSpec[] = NO_TOLERATIONS,
): readonly TaintSpec[] {
  if (taints === undefined || taints.length === 0) return [];
  return taints.filter((taint) => !tolerations.some((toleration) => tolerates(toleration, taint)));
}

/**
 * How long a pod may stay on a node with these `NoExecute` taints: 0 when one is not tolerated, Infinity when all are
 * for good, else the shortest of the tolerated times. In milliseconds.
 */
export function stayMs(taints: readonly TaintSpec[], tolerations: readonly TolerationSpec[] = NO_TOLERATIONS): number {
  let shortestMs = Number.POSITIVE_INFINITY;
  for (const taint of taints) {
    const matching = tolerations.filter((toleration) => tolerates(toleration, taint));
    if (matching.length === 0) return 0;
    for (const { tolerationSeconds } of matching) {
      if (tolerationSeconds !== undefined) shortestMs = Math.min(shortestMs, Math.max(0, tolerationSeconds) * 1000);
    }
  }
  return shortestMs;
}
