import { request } from 'node:https';
import { parseQuantity } from '@forescale/shared/domain';
import { CA } from '../providers/externalgrpc/certificates.ts';

export interface MetricsServer {
  readonly port: number;
  readonly token: string;
  /** As a HorizontalPodAutoscaler's selector. */
  readonly selector: string;
}

/** The value of the external metric, as the API server would fetch it; null where there is none. */
export async function externalMetric({ port, token, selector }: MetricsServer): Promise<number | null> {
  const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/default/forescale-load?labelSelector=${encodeURIComponent(selector)}`;
  const { status, text } = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const how = { host: '127.0.0.1', port, path, ca: CA, servername: 'cloud.test', headers, agent: false };
    const sent = request(how, async (response) => {
      let body = '';
      for await (const chunk of response) body += chunk;
      resolve({ status: response.statusCode, text: body });
    });
    sent.on('error', reject);
    sent.end();
  });
  if (status !== 200) return null;
  const { items } = JSON.parse(text) as { readonly items: readonly { readonly value: string }[] };
  return items.reduce((sum, { value }) => sum + (parseQuantity(value) ?? 0), 0);
}

/**
 * As Kubernetes documents the controller for a target of kind AverageValue: so many pods that each has at most the target,
 * none within a tenth of it, and on the way down the most that was wanted in the stabilization window.
 */
export class PodAutoscaler {
  readonly #target: number;
  readonly #max: number;
  readonly #windowMs: number;
  #wanted: { readonly atMs: number; readonly replicas: number }[] = [];

  constructor(target: number, max: number, windowMs: number) {
    this.#target = target;
    this.#max = max;
    this.#windowMs = windowMs;
  }

  replicas(total: number | null, current: number, nowMs: number): number {
    if (total === null) return current;
    const usage = total / (current * this.#target);
    const wanted = Math.abs(usage - 1) <= 0.1 ? current : Math.ceil(total / this.#target);
    this.#wanted = this.#wanted.filter(({ atMs }) => nowMs - atMs <= this.#windowMs);
    this.#wanted.push({ atMs: nowMs, replicas: Math.min(this.#max, Math.max(1, wanted)) });
    const most = Math.max(...this.#wanted.map(({ replicas }) => replicas));
    const newest = this.#wanted.at(-1)?.replicas ?? current;
    return newest >= current ? newest : Math.min(current, most);
  }
}
