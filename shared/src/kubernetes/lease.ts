import type { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import { ELECTION_TIMING, type Lease, type LeasePort, type StoredLease } from '../leadership/index.ts';
import { requestJson } from './request.ts';
import { understand } from './understand.ts';

/** Half of the time in which a leader has to renew: one call that hangs does not cost the lease. */
const TIMEOUT_MS = 5_000;

const leaseSchema = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string() }),
  spec: z
    .looseObject({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().int().min(1).nullish(),
      leaseTransitions: z.number().int().min(0).nullish(),
      acquireTime: z.string().nullish(),
      renewTime: z.string().nullish(),
    })
    .nullish(),
});

type LeaseObject = z.output<typeof leaseSchema>;

/**
 * The Lease `name` of a namespace, which needs the verbs get, create and update. Methods reject with
 * `KubernetesUnavailableError` or `KubernetesRefusedError`.
 */
export function createLease(kube: KubeConfig, namespace: string, name: string): LeasePort {
  const all = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  const path = `${all}/${name}`;
  /** As it was last, so that a write keeps what others have put there, such as labels. */
  let last: LeaseObject | null = null;
  const take = (value: unknown): StoredLease => {
    last = understand('Lease', leaseSchema, value);
    return leaseOf(last);
  };
  return {
    async read() {
      const request = { method: 'GET', path, understood: [404] } as const;
      const { status, value } = await requestJson(kube, request, AbortSignal.timeout(TIMEOUT_MS));
      return status === 404 ? null : take(value);
    },
    async write(lease, version) {
      const known = last?.metadata.resourceVersion === version ? last : null;
      const metadata = {
        ...known?.metadata,
        name,
        namespace,
        ...(version === null ? {} : { resourceVersion: version }),
      };
      const body = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata,
        spec: { ...known?.spec, ...specOf(lease) },
      };
      // 409: written or created by somebody else in between; 404 of an update: deleted. With the uid that was read, a
      // server that creates Leases by PUT answers 409 to that as well, rather than bringing an old one back.
      const request =
        version === null
          ? ({ method: 'POST', path: all, body, understood: [409] } as const)
          : ({ method: 'PUT', path, body, understood: [404, 409] } as const);
      const { status, value } = await requestJson(kube, request, AbortSignal.timeout(TIMEOUT_MS));
      return status === 404 || status === 409 ? null : take(value);
    },
  };
}

function leaseOf({ metadata, spec }: LeaseObject): StoredLease {
  return {
    version: metadata.resourceVersion,
    holder: spec?.holderIdentity ?? '',
    durationMs: spec?.leaseDurationSeconds ? spec.leaseDurationSeconds * 1_000 : ELECTION_TIMING.durationMs,
    transitions: spec?.leaseTransitions ?? 0,
    acquired: spec?.acquireTime ?? '',
    renewed: spec?.renewTime ?? '',
  };
}

/** A lease that was given back names no holder, as Kubernetes' own components leave it. */
function specOf({ holder, durationMs, transitions, acquired, renewed }: Lease) {
  return {
    holderIdentity: holder === '' ? undefined : holder,
    leaseDurationSeconds: Math.round(durationMs / 1_000),
    leaseTransitions: transitions,
    acquireTime: acquired === '' ? undefined : acquired,
    renewTime: renewed,
  };
}
