import { z } from 'zod';
import type { AccessRequest, Authorizer } from './authorizer.ts';
import type { UserInfo } from './request.ts';

const API = 'rbac.authorization.k8s.io/v1';

const names = z.array(z.string());
const rule = z.object({
  apiGroups: names,
  resources: names,
  verbs: names,
  resourceNames: names.default([]),
});
const roleRef = z.object({ apiGroup: z.literal('rbac.authorization.k8s.io'), kind: z.string(), name: z.string() });
const subject = z.object({
  kind: z.enum(['ServiceAccount', 'User', 'Group']),
  name: z.string(),
  namespace: z.string().default(''),
});
const named = z.object({ name: z.string(), namespace: z.string().default('') });
const rules = z.array(rule).default([]);
const subjects = z.array(subject).default([]);
const apiVersion = z.literal(API);

const rbacObject = z.discriminatedUnion('kind', [
  z.object({ apiVersion, kind: z.literal('ClusterRole'), metadata: named, rules }),
  z.object({ apiVersion, kind: z.literal('Role'), metadata: named, rules }),
  z.object({ apiVersion, kind: z.literal('ClusterRoleBinding'), metadata: named, roleRef, subjects }),
  z.object({ apiVersion, kind: z.literal('RoleBinding'), metadata: named, roleRef, subjects }),
]);

type Rule = z.output<typeof rule>;
type Subject = z.output<typeof subject>;

/** What a binding comes to: these rules, for these subjects, in this namespace ('': everywhere). */
interface Grant {
  readonly namespace: string;
  readonly subjects: readonly Subject[];
  readonly rules: readonly Rule[];
}

/**
 * Kubernetes' RBAC over Roles, ClusterRoles and their bindings, as a manifest gives them; whatever they do not allow is
 * refused. Objects of other kinds are passed over. Throws where one of these kinds is not understood.
 */
export function rbacAuthorizer(manifest: readonly unknown[]): Authorizer {
  const objects = manifest.filter(isRbac).map((one) => rbacObject.parse(one));
  const rulesOf = (kind: string, namespace: string, name: string) =>
    objects.flatMap((one) =>
      one.kind === kind && 'rules' in one && one.metadata.name === name && one.metadata.namespace === namespace
        ? one.rules
        : [],
    );
  const grants = objects.flatMap((one): Grant[] => {
    if (!('roleRef' in one)) return [];
    const namespace = one.kind === 'RoleBinding' ? one.metadata.namespace : '';
    const { kind, name } = one.roleRef;
    return [{ namespace, subjects: one.subjects, rules: rulesOf(kind, kind === 'Role' ? namespace : '', name) }];
  });
  return {
    allows: (user, request) =>
      grants.some(
        (grant) =>
          (grant.namespace === '' || grant.namespace === request.namespace) &&
          grant.subjects.some((one) => isSubject(one, user)) &&
          grant.rules.some((one) => ruleAllows(one, request)),
      ),
  };
}

function isRbac(object: unknown): boolean {
  return (object as { readonly apiVersion?: unknown } | null)?.apiVersion === API;
}

function isSubject({ kind, name, namespace }: Subject, user: UserInfo): boolean {
  if (kind === 'Group') return user.groups.includes(name);
  return user.name === (kind === 'User' ? name : `system:serviceaccount:${namespace}:${name}`);
}

/** A rule with `resourceNames` says nothing about requests that name no object, such as to create or list. */
function ruleAllows({ verbs, apiGroups, resources, resourceNames }: Rule, request: AccessRequest): boolean {
  const { verb, group, resource, subresource, name } = request;
  const wanted = subresource === '' ? [resource] : [`${resource}/${subresource}`, `*/${subresource}`];
  return (
    (verbs.includes('*') || verbs.includes(verb)) &&
    (apiGroups.includes('*') || apiGroups.includes(group)) &&
    (resources.includes('*') || wanted.some((one) => resources.includes(one))) &&
    (resourceNames.length === 0 || resourceNames.includes(name))
  );
}
