import { type DryRunStep, dryRun } from '@forescale/actuator/providers';
import { runProgram, UsageError } from '@forescale/cli/output';
import { loadConfig, type ProviderConfig, providersOf, type SingleProviderConfig } from '@forescale/shared/config';
import { Command } from 'commander';

/**
 * `npm run test:live -- KIND --config FILE`: asks the live API behind every provider of that kind in the configuration
 * whether it would serve, by calls that make and change nothing. Credentials are those that the configuration or the
 * environment names; none that happen to lie about are used.
 */

/** One of these has to be set, where the configuration itself names no credentials. */
const CREDENTIALS: Readonly<Record<string, readonly string[]>> = {
  aws: ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE', 'AWS_WEB_IDENTITY_TOKEN_FILE'],
  gcp: ['GOOGLE_APPLICATION_CREDENTIALS'],
  azure: ['AZURE_CLIENT_ID'],
  hetzner: [],
  docker: [],
  clusterapi: ['KUBECONFIG'],
  buffer: ['KUBECONFIG'],
  externalgrpc: [],
};
const KINDS = Object.keys(CREDENTIALS);
/** How a step says that it went well, or cannot be tried without a change. */
const WENT_WELL = /^(ok|allowed|not asked|none of)\b/;

interface Row extends DryRunStep {
  readonly provider: string;
}

process.exitCode = await runProgram(createProgram, process.argv.slice(2));

function createProgram(): Command {
  return new Command('test:live')
    .description('asks a live cloud whether a configuration would work; makes and changes nothing')
    .argument('<kind>', KINDS.join(', '))
    .requiredOption('--config <file>', 'configuration')
    .exitOverride()
    .action(async (kind: string, options: { readonly config: string }) => testLive(kind, options.config));
}

async function testLive(kind: string, file: string): Promise<void> {
  const variables = CREDENTIALS[kind];
  if (!variables) throw new UsageError(`kind = ${JSON.stringify(kind)}; allowed: ${KINDS.join(', ')}`);
  const providers = providersOfKind((await loadConfig(file, process.env)).pools, kind);
  if (providers.size === 0) throw new UsageError(`--config = ${file}: no pool has a provider of kind ${kind}`);
  const isNamed = [...providers.values()].every(namesCredentials);
  if (!isNamed && variables.length > 0 && !variables.some((name) => process.env[name]))
    throw new UsageError(`${variables.join(' or ')} is not set; credentials are not guessed`);
  const rows: Row[] = [];
  for (const [provider, config] of providers) for (const step of await dryRun(config)) rows.push({ provider, ...step });
  process.stdout.write(`${tableOf(rows)}\n`);
  const failed = rows.filter(({ outcome }) => !WENT_WELL.test(outcome)).length;
  if (failed > 0) throw new Error(`${failed} of ${rows.length} did not go well`);
}

/** In a file of its own, besides what the environment says. */
function namesCredentials(config: SingleProviderConfig): boolean {
  const named: Readonly<Record<string, unknown>> = { ...config };
  return ['tokenFile', 'credentialsFile', 'kubeconfig'].some((field) => typeof named[field] === 'string');
}

/** By pool, and by name where a pool has several; the same one in several pools counts once. */
function providersOfKind(
  pools: readonly { readonly name: string; readonly provider: ProviderConfig }[],
  kind: string,
): ReadonlyMap<string, SingleProviderConfig> {
  const found = new Map<string, SingleProviderConfig>();
  const seen = new Set<string>();
  for (const pool of pools)
    for (const [name, config] of providersOf(pool.provider)) {
      const text = JSON.stringify(config);
      if (config.kind !== kind || seen.has(text)) continue;
      seen.add(text);
      found.set(name === '' ? pool.name : `${pool.name}/${name}`, config);
    }
  return found;
}

function tableOf(rows: readonly Row[]): string {
  const width = (key: 'provider' | 'operation') => Math.max(key.length, ...rows.map((row) => row[key].length));
  const [first, second] = [width('provider'), width('operation')];
  const line = ({ provider, operation, outcome }: Row) =>
    `${provider.padEnd(first)}  ${operation.padEnd(second)}  ${outcome}`;
  return [{ provider: 'provider', operation: 'operation', outcome: 'outcome' }, ...rows].map(line).join('\n');
}
