import { ApiError } from '../objects/errors.ts';
import type { UserInfo } from './request.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** What somebody wants to do, in the terms of Kubernetes' RBAC. */
export interface AccessRequest {
  readonly verb: Verb;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  /** '' at the cluster scope. */
  readonly namespace: string;
  /** '' where no single object is named. */
  readonly name: string;
}

/** Decides who may do what. */
export interface Authorizer {
  allows(user: UserInfo, request: AccessRequest): boolean;
}

export const ALLOW_ALL: Authorizer = { allows: () => true };

const VERBS: Readonly<Record<string, Verb>> = { POST: 'create', PUT: 'update', PATCH: 'patch' };

/** The verb of a request; null for a method that no resource answers. */
export function verbOf(method: string, named: boolean, watching: boolean): Verb | null {
  if (method === 'GET' || method === 'HEAD') return named ? 'get' : watching ? 'watch' : 'list';
  if (method === 'DELETE') return named ? 'delete' : 'deletecollection';
  return VERBS[method] ?? null;
}

/** Throws the 403 of a real server when the authorizer refuses. */
export function ensureAllowed(authorizer: Authorizer, user: UserInfo, request: AccessRequest): void {
  if (authorizer.allows(user, request)) return;
  const resource = request.subresource === '' ? request.resource : `${request.resource}/${request.subresource}`;
  const qualified = request.group === '' ? request.resource : `${request.resource}.${request.group}`;
  const subject = request.name === '' ? qualified : `${qualified} "${request.name}"`;
  const scope = request.namespace === '' ? 'at the cluster scope' : `in the namespace "${request.namespace}"`;
  throw new ApiError(
    403,
    'Forbidden',
    `${subject} is forbidden: User "${user.name}" cannot ${request.verb} resource "${resource}" in API group ` +
      `"${request.group}" ${scope}`,
    {
      ...(request.name !== '' && { name: request.name }),
      ...(request.group !== '' && { group: request.group }),
      kind: request.resource,
    },
  );
}
