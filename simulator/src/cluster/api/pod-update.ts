import { isDeepStrictEqual } from 'node:util';
import { invalid } from '../objects/errors.ts';
import { kindNamed } from '../objects/kinds.ts';
import type { ContainerSpec, PodObject, PodSpec } from '../objects/objects.ts';

/** A pod's spec is fixed, but for images, deadlines and additional tolerations. Throws 422 for anything else. */
export function ensurePodUpdateAllowed(present: PodObject, next: PodObject): void {
  const before = present.spec.tolerations ?? [];
  const after = next.spec.tolerations ?? [];
  const keepsTolerations = before.every((toleration) => after.some((other) => isDeepStrictEqual(toleration, other)));
  if (keepsTolerations && isDeepStrictEqual(fixedPart(present.spec), fixedPart(next.spec))) return;
  const message =
    'Forbidden: pod updates may not change fields other than `spec.containers[*].image`, ' +
    '`spec.initContainers[*].image`, `spec.activeDeadlineSeconds`, `spec.tolerations` (only additions to existing ' +
    'tolerations), `spec.terminationGracePeriodSeconds`';
  throw invalid(kindNamed('pods'), present.metadata.name, [{ reason: 'FieldValueForbidden', message, field: 'spec' }]);
}

function fixedPart(spec: PodSpec): unknown {
  const { tolerations: _t, terminationGracePeriodSeconds: _g, containers, initContainers = [], ...rest } = spec;
  const { activeDeadlineSeconds: _d, ...fixed } = rest as Record<string, unknown>;
  return { ...fixed, containers: containers.map(withoutImage), initContainers: initContainers.map(withoutImage) };
}

function withoutImage({ image: _image, ...rest }: ContainerSpec): unknown {
  return rest;
}
