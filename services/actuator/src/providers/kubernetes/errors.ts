import { KubernetesRefusedError, KubernetesUnavailableError } from '@forescale/shared/kubernetes';
import { type ErrorClass, ProviderError } from '../errors.ts';
import { classOfStatus } from '../refusal.ts';

const MESSAGE_MAX = 500;

/** What an error of the Kubernetes API means. Its status says it, but for quotas, which are refused as rights are. */
export function kubernetesError(error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  const message = (error instanceof Error ? error.message : String(error)).slice(0, MESSAGE_MAX);
  if (error instanceof KubernetesRefusedError)
    return new ProviderError(classOfRefusal(error.status, message), message, { cause: error });
  if (!(error instanceof KubernetesUnavailableError)) return new ProviderError('transient', message, { cause: error });
  const { status, retryAfterMs } = error;
  return new ProviderError(classOfStatus(status), message, {
    cause: error,
    ...(retryAfterMs !== null && { retryAfterMs }),
  });
}

function classOfRefusal(status: number, message: string): ErrorClass {
  if (status === 403 && message.includes('exceeded quota')) return 'quota';
  if (status === 409) return 'conflict';
  // 0: refused on our own side, such as by a kubeconfig that names no cluster.
  return status === 0 ? 'config' : classOfStatus(status);
}
