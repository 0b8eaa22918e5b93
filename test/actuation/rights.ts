import { readFile } from 'node:fs/promises';
import type { ClusterService } from '@forescale/shared/kubernetes';
import { type Authorizer, rbacAuthorizer, type UserInfo } from '@forescale/simulator/cluster';
import { KubeConfig, loadAllYaml } from '@kubernetes/client-node';

export interface Rule {
  readonly apiGroups: string[];
  readonly resources: string[];
  readonly verbs: string[];
  readonly resourceNames?: string[];
}

/** An object of a manifest; those that are no roles have no rules. */
export interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: Rule[];
}

/** One verb on one resource, and the role that grants it. */
export interface Right {
  readonly role: Role;
  readonly rule: Rule;
}

export async function readManifest(file: string): Promise<Role[]> {
  return loadAllYaml(await readFile(`deploy/kubernetes/${file}`, 'utf8')) as Role[];
}

export function userOf(service: ClusterService): UserInfo {
  return {
    name: `system:serviceaccount:forescale:forescale-${service}`,
    groups: ['system:serviceaccounts', 'system:serviceaccounts:forescale', 'system:authenticated'],
  };
}

/** Tokens of the services: their names. */
export const USERS = new Map((['collector', 'actuator'] as const).map((service) => [service, userOf(service)]));

/** Credentials of a service; the token is its name. */
export function kubeOf(url: string, service: ClusterService): KubeConfig {
  const kube = new KubeConfig();
  kube.loadFromClusterAndUser(
    { name: 'simulated', server: url, skipTLSVerify: true },
    { name: service, token: service },
  );
  return kube;
}

/** The same rights, one in each rule, so that each can be taken away alone. */
export function rightsOf(manifest: readonly Role[]): Right[] {
  return manifest.flatMap((role) =>
    (role.rules ?? []).flatMap(({ apiGroups, resources, verbs, ...names }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.map((verb) => ({ role, rule: { apiGroups: [group], resources: [resource], verbs: [verb], ...names } })),
        ),
      ),
    ),
  );
}

/** What `manifest` allows, but for the right at `index`; `beside` is allowed whole. */
export function without(
  manifest: readonly Role[],
  rights: readonly Right[],
  index: number,
  beside: readonly Role[] = [],
): Authorizer {
  const roles = manifest.map((role) => {
    const rules = rights.filter((one, at) => at !== index && one.role === role).map(({ rule }) => rule);
    return role.rules === undefined ? role : { ...role, rules };
  });
  return rbacAuthorizer([...beside, ...roles]);
}

export const titleOf = ({ role, rule }: Right) =>
  `${role.kind} ${role.metadata.name} ${role.metadata.namespace ?? ''}: ${rule.verbs} ${rule.resources}`;
