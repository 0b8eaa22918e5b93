import type { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import { type AutoscalerFacts, readAutoscalers } from './autoscalers.ts';
import { KubernetesRefusedError } from './errors.ts';
import { getJson } from './get.ts';
import { understand } from './understand.ts';

/**
 * What in the cluster, besides nodes and pods, has a say in what may be done to them. Methods reject with
 * `KubernetesUnavailableError` or `KubernetesRefusedError`.
 */
export interface Surroundings {
  /** The annotations of a ConfigMap; null where there is no such. */
  annotations(namespace: string, configMap: string): Promise<Readonly<Record<string, string>> | null>;
  /** What speaks for another autoscaler. Never rejects. */
  autoscalers(): Promise<AutoscalerFacts>;
}

const annotated = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).default({}) }),
});

export function createSurroundings(kube: KubeConfig): Surroundings {
  return {
    async annotations(namespace, configMap) {
      const path = `/api/v1/namespaces/${namespace}/configmaps/${configMap}`;
      const found = await orNull(getJson(kube, path));
      return found === null ? null : understand('ConfigMap', annotated, found).metadata.annotations;
    },
    autoscalers: () => readAutoscalers(kube),
  };
}

/** Null where the server knows no such thing. */
async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof KubernetesRefusedError && error.status === 404) return null;
    throw error;
  }
}
