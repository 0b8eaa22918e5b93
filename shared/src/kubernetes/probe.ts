import type { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import type { Clock } from '../time/index.ts';
import type { Permission } from './permissions.ts';
import { openAnswer, requestJson } from './request.ts';
import { understand } from './understand.ts';

export interface ServerVersion {
  /** As the server says it, such as "v1.33.1+k3s1". */
  readonly version: string;
  readonly major: number;
  readonly minor: number;
}

/**
 * Asks the API server about itself and about us, and changes nothing. Methods reject with `KubernetesUnavailableError`
 * or `KubernetesRefusedError`.
 */
export interface ClusterProbe {
  version(signal: AbortSignal): Promise<ServerVersion>;
  /** How far the server's clock is ahead of `clock`, to about a second; null where it shows no time. */
  skewMs(signal: AbortSignal): Promise<number | null>;
  /** Whether these credentials may do it (`SelfSubjectAccessReview`). */
  allows(permission: Permission, signal: AbortSignal): Promise<boolean>;
}

// Managed clusters say "33+".
const digits = z
  .string()
  .regex(/^\d{1,4}\+?$/)
  .transform((text) => Number.parseInt(text, 10));
const versionSchema = z.object({ gitVersion: z.string().max(128), major: digits, minor: digits });
const reviewSchema = z.object({ status: z.object({ allowed: z.boolean() }) });

/** `clock` shows what time it is here. */
export function createClusterProbe(kube: KubeConfig, clock: Clock): ClusterProbe {
  return {
    async version(signal) {
      const path = '/version';
      const { value } = await requestJson(kube, { method: 'GET', path }, signal);
      const { gitVersion: version, major, minor } = understand(path, versionSchema, value);
      return { version, major, minor };
    },
    async skewMs(signal) {
      const sentMs = clock.nowMs();
      const response = await openAnswer(kube, { method: 'GET', path: '/version' }, signal);
      const receivedMs = clock.nowMs();
      await response.body?.cancel().catch(() => undefined);
      const serverMs = Date.parse(response.headers.get('date') ?? '');
      return Number.isFinite(serverMs) ? skewOf(serverMs, sentMs, receivedMs) : null;
    },
    async allows(permission, signal) {
      const body = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: attributesOf(permission) },
      };
      const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
      const { value } = await requestJson(kube, { method: 'POST', path, body }, signal);
      return understand('SelfSubjectAccessReview', reviewSchema, value).status.allowed;
    },
  };
}

/** Of the second that the server showed, and of the time in which it may have: the difference nearest to none. */
function skewOf(serverMs: number, sentMs: number, receivedMs: number): number {
  if (serverMs > receivedMs) return serverMs - receivedMs;
  const endMs = serverMs + 1_000;
  return endMs < sentMs ? endMs - sentMs : 0;
}

/** Nothing but what the API knows. */
function attributesOf({ verb, group, resource, subresource, namespace, name }: Permission): Permission {
  return { verb, group, resource, subresource, namespace, name };
}
