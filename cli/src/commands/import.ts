import { sourceTag } from '@forescale/collector/sources';
import { type Config, loadConfig, parseConfig } from '@forescale/shared/config';
import { type PrometheusClient, PrometheusError } from '@forescale/shared/prometheus';
import { silentLog } from '@forescale/shared/telemetry';
import { systemClock } from '@forescale/shared/time';
import { importCsv } from '../import/csv-import.ts';
import { type ImportFlags, queryOf, rangeOf, stepOf, type Target, targetOf } from '../import/flags.ts';
import { describeImport } from '../import/imported.ts';
import { type ImportParts, importQuery, type QueryImport } from '../import/prometheus-import.ts';
import { httpUrlOption, UsageError } from '../output/usage.ts';
import { openConfigured, openPrometheus } from '../runtime/prometheus.ts';
import { openStore } from '../runtime/runtime.ts';

/** `forescale import`: fills the store with what was measured before, so that the first day is not blind. */
export async function importHistory(flags: ImportFlags, signal: AbortSignal): Promise<void> {
  const config =
    flags.config === undefined
      ? parseConfig('autoscaler: {}', 'default', {})
      : await loadConfig(flags.config, process.env);
  // What is wrong with the flags is said before anything is opened.
  const work = await workOf(flags, config);
  const store = await openStore(config, systemClock, silentLog());
  try {
    // A simulated clock knows no age; the real one has the store let go of what is too old.
    const keptFromMs = config.clock.source === 'system' ? systemClock.nowMs() - config.store.retentionMs : 0;
    await work({ store, dataDir: config.dataDir, keptFromMs, signal });
  } finally {
    await store.close();
  }
}

type Work = (parts: ImportParts) => Promise<void>;

async function workOf(flags: ImportFlags, config: Config): Promise<Work> {
  const { csv, prometheus } = flags;
  if (csv !== undefined && prometheus === undefined) return fromCsv(csv, targetOf(flags, config));
  if (csv === undefined && prometheus !== undefined) return fromQueries(await namedQuery(flags, config));
  const { prometheus: servers } = config.sources;
  if (csv === undefined && servers.length > 0 && flags.query === undefined)
    return fromQueries(await configuredQueries(flags, config));
  throw new UsageError(
    'import needs one source; allowed: --csv FILE, or --prometheus URL with --query, or a --config with sources.prometheus',
  );
}

function fromCsv(path: string, { series }: Target): Work {
  return async ({ store, keptFromMs }) => {
    process.stdout.write(describeImport(series, await importCsv(path, series, store, keptFromMs)));
  };
}

function fromQueries(queries: readonly QueryImport[]): Work {
  return async (parts) => {
    try {
      await importEach(queries, parts);
    } finally {
      const clients = new Set(queries.map(({ client }) => client));
      await Promise.all([...clients].map((client) => client.close()));
    }
  };
}

/** One query that is wrong takes none of the others with it; a server that is away takes its own. */
async function importEach(queries: readonly QueryImport[], parts: ImportParts): Promise<void> {
  const away = new Set<PrometheusClient>();
  let failed = 0;
  for (const one of queries) {
    if (away.has(one.client)) {
      failed++;
      continue;
    }
    try {
      process.stdout.write(describeImport(one.series, await importQuery(one, parts)));
    } catch (error) {
      const isOfServer = error instanceof PrometheusError;
      if (queries.length === 1 || parts.signal.aborted || !(isOfServer || error instanceof UsageError)) throw error;
      failed++;
      if (isOfServer && error.mayPass) away.add(one.client);
      warn(isOfServer ? `${one.field}: ${error.message}` : error.message);
    }
  }
  if (failed > 0) throw new Error(`${failed} of ${queries.length} queries were not imported`);
}

/** The query of the command line. */
async function namedQuery(flags: ImportFlags, config: Config): Promise<QueryImport[]> {
  const { series, intervalMs } = targetOf(flags, config);
  const url = httpUrlOption('--prometheus', flags.prometheus ?? '');
  const query = queryOf(flags);
  const range = rangeOf(flags, stepOf(flags) ?? intervalMs, systemClock.nowMs());
  if ((flags.username === undefined) !== (flags.passwordFile === undefined))
    throw new UsageError('--username and --password-file; allowed: both or none');
  const client = await openPrometheus(
    url,
    {
      username: flags.username ?? null,
      passwordFile: flags.passwordFile ?? null,
      tokenFile: flags.tokenFile ?? null,
      tls:
        flags.caFile === undefined ? null : { caFile: flags.caFile, certFile: null, keyFile: null, serverName: null },
      field: (option) => `--${option.replace('_', '-')}`,
    },
    warn,
  );
  return [{ client, query, field: '--query', series, range }];
}

/** Every query of the configuration, as the source that will go on with it. */
async function configuredQueries(flags: ImportFlags, config: Config): Promise<QueryImport[]> {
  const work: QueryImport[] = [];
  for (const server of config.sources.prometheus) {
    const client = await openConfigured(server, warn);
    const range = rangeOf(flags, stepOf(flags) ?? server.intervalMs, systemClock.nowMs());
    for (const { pool, signal, query } of server.queries) {
      if (flags.pool !== undefined && flags.pool !== pool) continue;
      if (flags.signal !== undefined && flags.signal !== signal) continue;
      const series = { pool, signal, source: sourceTag(server.name) };
      work.push({ client, query, field: `query of ${pool}/${signal}`, series, range });
    }
  }
  if (work.length > 0) return work;
  throw new UsageError('--pool and --signal; allowed: those of a query in sources.prometheus');
}

function warn(line: string): void {
  process.stderr.write(`${line}\n`);
}
