import type { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import { type Clock, systemClock } from '../time/index.ts';
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

/** Every tick waits for it, and what was read last holds on. */
const ANNOTATIONS_TIMEOUT_MS = 5_000;

const annotated = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).default({}) }),
});

/** `clock` is the one that calls take time on. */
export function createSurroundings(kube: KubeConfig, clock: Clock = systemClock): Surroundings {
  return {
    async annotations(namespace, configMap) {
      const path = `/api/v1/namespaces/${namespace}/configmaps/${configMap}`;
      const found = await orNull(getJson(kube, path, clock, ANNOTATIONS_TIMEOUT_MS));
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
