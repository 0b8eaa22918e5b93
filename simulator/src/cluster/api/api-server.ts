import { ApiError, methodNotAllowed, noSuchResource } from '../objects/errors.ts';
import type { CustomResources } from '../objects/kinds.ts';
import type { Registry } from '../store/registry.ts';
import { handleAccessReview } from './access-review.ts';
import { type Authorizer, ensureAllowed, type Verb, verbOf } from './authorizer.ts';
import { handleBinding } from './binding.ts';
import { deleteCollection, deleteObject } from './deletes.ts';
import { discoveryReply } from './discovery.ts';
import { handleEviction } from './eviction.ts';
import { listReply, parseCount } from './list.ts';
import type { MetricsApi } from './metrics.ts';
import { type ApiReply, type ApiRequest, jsonReply } from './request.ts';
import { parseResourcePath, type ResourcePath, type ResourceRoute, resolveRoute } from './route.ts';
import { handleScale } from './scale.ts';
import { entryReply } from './serialize.ts';
import { WatchFeed } from './watch.ts';
import { createObject, entryAt, patchObject, updateObject } from './writes.ts';

/** A watch without a time-out of its own ends after this long, as the server's do. */
const WATCH_TIMEOUT_SECONDS = 1800;

/** Answered to everybody. */
export const HEALTH_PATHS: ReadonlySet<string> = new Set(['/healthz', '/livez', '/readyz']);

/**
 * The Kubernetes API as a function from request to reply. It holds no connection and no clock: what keeps a watch
 * open, closes it in time or loses a reply on the way is the HTTP server around it.
 */
export class ApiServer {
  readonly #registry: Registry;
  readonly #metrics: MetricsApi;
  readonly #authorizer: Authorizer;
  readonly #custom: CustomResources;
  readonly #listItemsMax: () => number;

  constructor(
    registry: Registry,
    metrics: MetricsApi,
    authorizer: Authorizer,
    custom: CustomResources,
    listItemsMax: () => number,
  ) {
    this.#registry = registry;
    this.#metrics = metrics;
    this.#authorizer = authorizer;
    this.#custom = custom;
    this.#listItemsMax = listItemsMax;
  }

  /** Never throws for what a client did: a refusal is a reply. */
  handle(request: ApiRequest): ApiReply {
    try {
      return this.#dispatch(request);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { retryAfterSeconds } = error.details;
      return {
        ...jsonReply(error.code, error.toStatus()),
        ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      };
    }
  }

  #dispatch(request: ApiRequest): ApiReply {
    if (HEALTH_PATHS.has(request.path)) return { type: 'text', status: 200, body: 'ok' };
    const path = parseResourcePath(request.path);
    if (path === null) {
      const reply = request.method === 'GET' ? discoveryReply(request.path, this.#metrics.enabled, this.#custom) : null;
      return reply ?? { type: 'text', status: 404, body: '404 page not found' };
    }
    const watching = ['true', '1'].includes(request.query.get('watch') ?? '');
    const verb = verbOf(request.method, path.name !== null, watching);
    if (verb === null) throw methodNotAllowed();
    if (path.group === 'authorization.k8s.io') return this.#reviewAccess(path, verb, request);
    const { group, resource, subresource, namespace, name } = path;
    ensureAllowed(this.#authorizer, request.user, {
      verb,
      group,
      resource,
      subresource: subresource ?? '',
      namespace,
      name: name ?? '',
    });
    if (group === 'metrics.k8s.io') return this.#readMetrics(path, verb, request);
    const route = resolveRoute(path, this.#custom);
    return route.name === null ? this.#onCollection(route, verb, request) : this.#onObject(route, verb, request);
  }

  #reviewAccess(path: ResourcePath, verb: Verb, request: ApiRequest): ApiReply {
    if (path.resource !== 'selfsubjectaccessreviews') throw noSuchResource();
    if (verb !== 'create') throw methodNotAllowed();
    return handleAccessReview(this.#authorizer, request);
  }

  #readMetrics(path: ResourcePath, verb: Verb, request: ApiRequest): ApiReply {
    if (verb !== 'get' && verb !== 'list') throw methodNotAllowed();
    return this.#metrics.handle(path, request.query, this.#registry.nowMs());
  }

  #onCollection(route: ResourceRoute, verb: Verb, request: ApiRequest): ApiReply {
    const { kind, namespace } = route;
    const { query } = request;
    switch (verb) {
      case 'list':
        return listReply(this.#registry.store, kind, namespace, query, this.#listItemsMax());
      case 'watch':
        return {
          type: 'watch',
          feed: new WatchFeed(this.#registry.store, kind, namespace, query),
          timeoutSeconds: parseCount(query, 'timeoutSeconds') || WATCH_TIMEOUT_SECONDS,
          bookmarks: ['true', '1'].includes(query.get('allowWatchBookmarks') ?? ''),
        };
      case 'create':
        if (kind.namespaced && namespace === '') throw methodNotAllowed();
        return createObject(this.#registry, route, request);
      case 'deletecollection':
        if (kind.namespaced && namespace === '') throw methodNotAllowed();
        return deleteCollection(this.#registry, route, request);
      default:
        throw methodNotAllowed();
    }
  }

  #onObject(route: ResourceRoute, verb: Verb, request: ApiRequest): ApiReply {
    const registry = this.#registry;
    if (route.subresource === 'binding' || route.subresource === 'eviction') {
      if (verb !== 'create') throw methodNotAllowed();
      const handle = route.subresource === 'binding' ? handleBinding : handleEviction;
      return handle(registry, route, request);
    }
    if (verb === 'create' || (verb === 'delete' && route.subresource !== null)) throw methodNotAllowed();
    if (route.subresource === 'scale') return handleScale(registry, route, verb, request);
    if (verb === 'get') return entryReply(200, route.kind, entryAt(registry, route));
    if (verb === 'update') return updateObject(registry, route, request);
    if (verb === 'patch') return patchObject(registry, route, request);
    return deleteObject(registry, route, request);
  }
}
