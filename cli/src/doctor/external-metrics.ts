import type { Config } from '@forescale/shared/config';
import type { ApiService } from '@forescale/shared/kubernetes';
import { attempt, type Finding, type Patience } from './finding.ts';

/** A cluster has one of this name. */
export const EXTERNAL_METRICS = 'v1beta1.external.metrics.k8s.io';
/** As deploy/kubernetes/external-metrics.yaml names it. */
const SERVICE = 'forescale-external-metrics';

/** Whether the cluster's External Metrics API is ours, where we are to serve it. */
export async function checkExternalMetrics(
  { scaler, kubernetes }: Pick<Config, 'scaler' | 'kubernetes'>,
  read: (signal: AbortSignal) => Promise<ApiService | null>,
  patience: Patience,
): Promise<Finding[]> {
  if (scaler.externalMetrics === null) return [];
  const asked = await attempt(patience, read);
  return [{ check: 'single writer', subject: 'External Metrics API', ...verdict(asked, kubernetes.namespace) }];
}

function verdict(
  asked: { readonly value: ApiService | null } | { readonly error: string },
  namespace: string,
): Pick<Finding, 'state' | 'detail'> {
  if ('error' in asked) return { state: 'warn', detail: `not known whose it is: ${asked.error}` };
  if (asked.value === null)
    return { state: 'warn', detail: `nobody's yet: apply deploy/kubernetes/external-metrics.yaml` };
  const { service, unavailable } = asked.value;
  const owner = service === null ? 'the API server' : `${service.namespace}/${service.name}`;
  const ours = `${namespace}/${SERVICE}`;
  if (owner !== ours) {
    const detail = `APIService ${EXTERNAL_METRICS} is ${owner}'s, not ${ours}'s: a cluster has one; use scaler.grpc with KEDA`;
    return { state: 'fail', detail };
  }
  if (unavailable !== null) return { state: 'warn', detail: `${owner}: not available: ${unavailable}` };
  return { state: 'ok', detail: owner };
}
