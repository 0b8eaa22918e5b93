import { describe, expect, it } from 'vitest';
import type { AccessRequest } from './authorizer.ts';
import { rbacAuthorizer } from './rbac.ts';

const apiVersion = 'rbac.authorization.k8s.io/v1';
const USER = { name: 'system:serviceaccount:apps:robot', groups: ['system:serviceaccounts'] };

const request = (change: Partial<AccessRequest> = {}): AccessRequest => ({
  ...{ verb: 'get', group: '', resource: 'pods', subresource: '', namespace: 'apps', name: 'a' },
  ...change,
});

const role = (kind: 'Role' | 'ClusterRole', rule: object) => ({
  apiVersion,
  kind,
  metadata: { name: 'r', ...(kind === 'Role' && { namespace: 'apps' }) },
  rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'], ...rule }],
});

function binding(kind: 'RoleBinding' | 'ClusterRoleBinding', roleKind: 'Role' | 'ClusterRole', subjects: object[]) {
  const metadata = { name: 'b', ...(kind === 'RoleBinding' && { namespace: 'apps' }) };
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: roleKind, name: 'r' };
  return { apiVersion, kind, metadata, roleRef, subjects };
}

const ROBOT = [{ kind: 'ServiceAccount', name: 'robot', namespace: 'apps' }];

const everywhere = (rule: object = {}) =>
  rbacAuthorizer([role('ClusterRole', rule), binding('ClusterRoleBinding', 'ClusterRole', ROBOT)]);

describe('RBAC', () => {
  it('refuses what no rule allows: another verb, group, resource, subresource', () => {
    const { allows } = everywhere();
    expect(allows(USER, request())).toBe(true);
    expect(allows(USER, request({ verb: 'delete' }))).toBe(false);
    expect(allows(USER, request({ group: 'apps' }))).toBe(false);
    expect(allows(USER, request({ resource: 'nodes' }))).toBe(false);
    expect(allows(USER, request({ subresource: 'eviction' }))).toBe(false);
  });

  it('a subresource is allowed by its own name, of one or of all resources, and allows nothing else', () => {
    for (const resource of ['pods/eviction', '*/eviction', '*']) {
      const { allows } = everywhere({ resources: [resource], verbs: ['create'] });
      expect(allows(USER, request({ verb: 'create', subresource: 'eviction' }))).toBe(true);
      expect(allows(USER, request({ verb: 'create' }))).toBe(resource === '*');
    }
  });

  it('resourceNames allow these, and never what names no object', () => {
    const { allows } = everywhere({ resourceNames: ['a'] });
    expect(allows(USER, request())).toBe(true);
    expect(allows(USER, request({ name: 'b' }))).toBe(false);
    expect(allows(USER, request({ verb: 'list', name: '' }))).toBe(false);
  });

  it('a ClusterRoleBinding holds everywhere, a RoleBinding in its namespace, whichever role it names', () => {
    const elsewhere = [{ namespace: 'other' }, { namespace: '' }];
    for (const place of elsewhere) expect(everywhere().allows(USER, request(place))).toBe(true);
    for (const kind of ['Role', 'ClusterRole'] as const) {
      const { allows } = rbacAuthorizer([role(kind, {}), binding('RoleBinding', kind, ROBOT)]);
      expect(allows(USER, request())).toBe(true);
      for (const place of elsewhere) expect(allows(USER, request(place))).toBe(false);
    }
  });

  it('subjects are service accounts of one namespace, users and groups', () => {
    const of = (subject: object) =>
      rbacAuthorizer([role('ClusterRole', {}), binding('ClusterRoleBinding', 'ClusterRole', [subject])]);
    expect(of({ kind: 'ServiceAccount', name: 'robot', namespace: 'other' }).allows(USER, request())).toBe(false);
    expect(of({ kind: 'User', name: USER.name }).allows(USER, request())).toBe(true);
    expect(of({ kind: 'Group', name: 'system:serviceaccounts' }).allows(USER, request())).toBe(true);
    expect(of({ kind: 'Group', name: 'admins' }).allows(USER, request())).toBe(false);
  });

  it('a role that nobody is bound to, or that is not there, allows nothing', () => {
    expect(rbacAuthorizer([role('ClusterRole', {})]).allows(USER, request())).toBe(false);
    const bound = binding('ClusterRoleBinding', 'ClusterRole', ROBOT);
    expect(rbacAuthorizer([bound]).allows(USER, request())).toBe(false);
  });

  it('passes over other kinds, and throws at a rule that it does not understand', () => {
    expect(rbacAuthorizer([null, { apiVersion: 'v1', kind: 'Namespace' }]).allows(USER, request())).toBe(false);
    expect(() => everywhere({ verbs: 'get' })).toThrow(/verbs/);
  });
});
