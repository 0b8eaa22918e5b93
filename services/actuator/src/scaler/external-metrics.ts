import type { PoolConfig } from '@forescale/shared/config';
import { formatQuantity } from '@forescale/shared/domain';
import { formatDuration } from '@forescale/shared/time';
import { rfc3339 } from '@forescale/shared/wire';
import { type Asked, parseLoadAsk } from './ask.ts';
import { AskError, shown } from './errors.ts';
import type { LoadAhead } from './load-ahead.ts';
import type { Loads } from './loads.ts';

const GROUP = 'external.metrics.k8s.io';
const VERSION = 'v1beta1';
const GROUP_VERSION = `${GROUP}/${VERSION}`;
/** The one metric; which load it is, its selector says. */
export const METRIC = 'forescale-load';

const SELECTOR_CHARS_MAX = 2_000;

const versions = { groupVersion: GROUP_VERSION, version: VERSION };
const group = { name: GROUP, versions: [versions], preferredVersion: versions };

/** What the API server and clients find out about the API, by path. */
export const DISCOVERY: Readonly<Record<string, object>> = {
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [group] },
  [`/apis/${GROUP}`]: { kind: 'APIGroup', apiVersion: 'v1', ...group },
  [`/apis/${GROUP_VERSION}`]: {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: GROUP_VERSION,
    resources: [
      { name: METRIC, singularName: '', namespaced: true, kind: 'ExternalMetricValueList', verbs: ['get', 'list'] },
    ],
  },
};

/** `:namespace` is whose autoscaler asks: a load belongs to a pool, and to no namespace. */
export const VALUES_PATH = `/apis/${GROUP_VERSION}/namespaces/:namespace/:metric`;

/** The load that the selector asks for, as the API lists it. Rejects with `AskError` and `UnknownLoadError`. */
export async function externalMetric(
  { pools, loads }: { readonly pools: readonly PoolConfig[]; readonly loads: Loads },
  selector: string,
  nowMs: number,
): Promise<{ readonly list: object; readonly load: LoadAhead }> {
  const ask = parseLoadAsk(parseSelector(selector), pools);
  const load = await loads.ahead(ask);
  const value = {
    metricName: METRIC,
    metricLabels: {
      pool: ask.pool.name,
      signal: ask.signal.name,
      quantile: String(ask.quantile),
      lead: formatDuration(ask.leadMs),
      source: load.source,
    },
    timestamp: rfc3339(nowMs).replace(/\.\d+Z$/, 'Z'),
    value: formatQuantity(load.value),
  };
  return { list: { kind: 'ExternalMetricValueList', apiVersion: GROUP_VERSION, metadata: {}, items: [value] }, load };
}

/** "lead=2m,pool=web" as an autoscaler writes its matchLabels. What else selectors can say has no meaning here. */
function parseSelector(selector: string): Asked {
  if (selector.length > SELECTOR_CHARS_MAX)
    throw new AskError(`labelSelector: ${selector.length} characters; allowed: at most ${SELECTOR_CHARS_MAX}`);
  const asked = new Map<string, string>();
  for (const term of selector === '' ? [] : selector.split(',')) {
    const [, key, value] = /^\s*([\w./-]+)\s*==?\s*([\w.-]*)\s*$/.exec(term) ?? [];
    if (key === undefined || value === undefined || asked.has(key))
      throw new AskError(`labelSelector ${shown(term)}; allowed: matchLabels, each once`);
    asked.set(key, value);
  }
  return Object.fromEntries(asked);
}
