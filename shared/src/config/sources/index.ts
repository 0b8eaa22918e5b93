import type { z } from 'zod';
import { line, list, name, section } from '../issues.ts';
import { prometheusSchema } from './prometheus.ts';
import { otlpSchema, pushSchema } from './push.ts';

/** A recorded series, replayed as if an application measured it now. */
const traceSchema = section({ pool: name, signal: name, file: line(4_096, 'a path to a CSV file') });

/** Where samples come from, beside the cluster itself and `forescale.v1.kpi.>`. */
export const sourcesSchema = section({
  prometheus: list(prometheusSchema, 0, 20, 'servers').default([]),
  otlp: otlpSchema.optional(),
  push: pushSchema.optional(),
  traces: list(traceSchema, 0, 100, 'traces').default([]),
}).transform(({ otlp, push, ...rest }) => ({ ...rest, otlp: otlp ?? null, push: push !== undefined }));

export type SourcesConfig = z.output<typeof sourcesSchema>;

/** A place of the configuration that names a pool and a signal, with the path to it. */
interface Target {
  readonly pool: string;
  readonly signal: string;
  readonly path: readonly (string | number)[];
}

/** What of the sources is meant for a pool. */
function targetsOf(sources: SourcesConfig): readonly Target[] {
  const targets = (list: readonly { readonly pool: string; readonly signal: string }[], ...path: (string | number)[]) =>
    list.map(({ pool, signal }, index) => ({ pool, signal, path: [...path, index] }));
  return [
    ...sources.prometheus.flatMap(({ queries }, server) => targets(queries, 'prometheus', server, 'queries')),
    ...targets(sources.otlp?.metrics ?? [], 'otlp', 'metrics'),
    ...targets(sources.traces, 'traces'),
  ];
}

/** What is collected and never forecast, as POOL/SIGNAL: no pool has it among its signals. A misspelling, as a rule. */
export function signalsOfNoPool(
  sources: SourcesConfig,
  pools: readonly { readonly name: string; readonly signals: readonly { readonly name: string }[] }[],
): readonly string[] {
  const known = new Set(pools.flatMap((pool) => pool.signals.map((signal) => `${pool.name}/${signal.name}`)));
  const collected = new Set(targetsOf(sources).map(({ pool, signal }) => `${pool}/${signal}`));
  return [...collected].filter((name) => !known.has(name));
}

/** A sample of a pool that is not there would be refused at every reading. */
export function refuseStrangePools(
  sources: SourcesConfig,
  pools: readonly { readonly name: string }[],
  context: z.core.$RefinementCtx,
): void {
  const names = pools.map((pool) => pool.name);
  for (const { pool, path } of targetsOf(sources)) {
    if (names.includes(pool)) continue;
    const message = `allowed: ${names.join(', ')}`;
    context.addIssue({ code: 'custom', path: ['autoscaler', 'sources', ...path, 'pool'], message });
  }
  const traced = sources.traces.map(({ pool, signal }) => `${pool}/${signal}`);
  for (const [index, one] of traced.entries()) {
    if (traced.indexOf(one) === index) continue;
    const path = ['autoscaler', 'sources', 'traces', index, 'signal'];
    context.addIssue({ code: 'custom', path, message: 'allowed: each signal of a pool once' });
  }
  const seen = new Set<string>();
  for (const [index, server] of sources.prometheus.entries()) {
    const path = ['autoscaler', 'sources', 'prometheus', index, 'name'];
    if (seen.has(server.name)) context.addIssue({ code: 'custom', path, message: 'allowed: each name once' });
    seen.add(server.name);
  }
}

/** What comes in over HTTP is a change, and no change is taken from whoever shows no token. */
export function refuseOpenPush(
  sources: SourcesConfig,
  http: { readonly token_file?: string | undefined; readonly push_token_file?: string | undefined },
  context: z.core.$RefinementCtx,
): void {
  if (http.token_file !== undefined || http.push_token_file !== undefined) return;
  const field = sources.push ? 'push' : 'otlp';
  if (!sources.push && sources.otlp === null) return;
  const message = 'allowed with http.push_token_file (or http.token_file), which senders show';
  context.addIssue({ code: 'custom', path: ['autoscaler', 'sources', field], message });
}
