import type { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import { KubernetesRefusedError } from './errors.ts';
import { requestJson } from './request.ts';
import { understand } from './understand.ts';

/** Who serves an API that is not the API server's own. */
export interface ApiService {
  /** Null: the API server itself. */
  readonly service: { readonly namespace: string; readonly name: string } | null;
  /** Why it cannot be used; null where it can. */
  readonly unavailable: string | null;
}

const name = z.string().max(253);
const schema = z.object({
  spec: z.object({ service: z.object({ namespace: name, name }).nullish() }),
  status: z
    .object({
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), message: z.string().default('') }))
        .max(100)
        .default([]),
    })
    .default({ conditions: [] }),
});

/**
 * The APIService of that name, such as `v1beta1.external.metrics.k8s.io`; null where there is none. Rejects with
 * `KubernetesUnavailableError` or `KubernetesRefusedError`.
 */
export async function readApiService(kube: KubeConfig, named: string, signal: AbortSignal): Promise<ApiService | null> {
  const path = `/apis/apiregistration.k8s.io/v1/apiservices/${named}`;
  try {
    const { value } = await requestJson(kube, { method: 'GET', path }, signal);
    const { spec, status } = understand(path, schema, value);
    const available = status.conditions.find(({ type }) => type === 'Available');
    const unavailable = available === undefined ? 'its state is not known yet' : available.message.slice(0, 300);
    return { service: spec.service ?? null, unavailable: available?.status === 'True' ? null : unavailable };
  } catch (error) {
    if (error instanceof KubernetesRefusedError && error.status === 404) return null;
    throw error;
  }
}
