import { fileURLToPath } from 'node:url';
import { integerOption, UsageError } from '@forescale/cli/output';
import { systemClock } from '@forescale/shared/time';
import { createSimulatedCluster } from '@forescale/simulator/cluster';
import { type Row, type RunBenchmark, textFlag } from '../benchmark.ts';
import { type Column, table } from '../table.ts';
import { installMinimal } from './installation.ts';
import { type ServiceName, type Start, startService } from './service.ts';
import { folderBytes, type OptionalSize, optionalSizes } from './sizes.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SERVICES: readonly ServiceName[] = ['collector', 'predictor', 'actuator'];
const LIMIT_SECONDS = 1.5;
const MIB = 2 ** 20;
const GIB = 2 ** 30;

/**
 * How large an installation without any optional package is, what each of those adds, and how soon each service is ready
 * in it: the minimal installation is made for it, in a folder of its own.
 */
export const run: RunBenchmark = async (flags, stage) => {
  const runs = integerOption('--runs', textFlag(flags, 'runs') ?? '5', 1, 100);
  const services = servicesOption(textFlag(flags, 'services') ?? SERVICES.join(','));
  const optional = await optionalSizes(ROOT);
  stage.say('npm ci --omit=dev --omit=optional');
  const installation = await installMinimal(ROOT, stage.signal);
  const cluster = createSimulatedCluster({ seed: 1, startMs: systemClock.nowMs(), offerings: [SMALL] });
  const server = await cluster.listen();
  try {
    const bytes = await folderBytes(`${installation.path}/node_modules`);
    const rows: StartRow[] = [];
    for (const service of services) {
      const starts: Start[] = [];
      for (let i = 0; i < runs; i++) {
        starts.push(await startService(installation.path, service, server.url, stage.signal));
        stage.progress(rows.length * runs + i + 1, services.length * runs);
      }
      rows.push(rowOf(service, starts));
    }
    const sizes: SizeRow[] = [
      { package: 'without any', part: '-', packages: null, mib: mibOf(bytes) },
      ...optional.map(sizeOf),
    ];
    return { rows, summary: sizes, words: wordsOf(rows, sizes) };
  } finally {
    await server.close();
    await installation.remove();
  }
};

const SMALL = {
  instanceType: 'small',
  zone: 'local',
  capacityType: 'on_demand',
  usdPerHour: 0.1,
  allocatable: { cpuMillicores: 4_000, memoryBytes: 16 * GIB, pods: 110, gpus: 0 },
} as const;

function servicesOption(text: string): readonly ServiceName[] {
  const named = text.split(',');
  const known = SERVICES.filter((service) => named.includes(service));
  if (named.length > 0 && known.length === named.length) return known;
  throw new UsageError(`--services = ${JSON.stringify(text)}; allowed: some of ${SERVICES.join(',')}`);
}

type StartRow = ReturnType<typeof rowOf>;

function rowOf(service: ServiceName, starts: readonly Start[]) {
  const seconds = starts.map((start) => start.seconds).sort((a, b) => a - b);
  const cpuSeconds = starts.flatMap((start) => start.cpuSeconds ?? []).sort((a, b) => a - b);
  return {
    service,
    runs: starts.length,
    median_s: medianOf(seconds),
    fastest_s: rounded(seconds[0] ?? Number.NaN),
    slowest_s: rounded(seconds.at(-1) ?? Number.NaN),
    limit_seconds: LIMIT_SECONDS,
    cpu_median_s: cpuSeconds.length === 0 ? null : medianOf(cpuSeconds),
  };
}

interface SizeRow extends Row {
  readonly package: string;
  readonly part: string;
  readonly packages: number | null;
  readonly mib: number | null;
}

function sizeOf({ name, of, packages, bytes }: OptionalSize): SizeRow {
  return { package: name, part: of, packages, mib: bytes === null ? null : mibOf(bytes) };
}

function mibOf(bytes: number): number {
  return Number((bytes / MIB).toFixed(1));
}

/** Of sorted numbers; the lower of two in the middle. */
function medianOf(sorted: readonly number[]): number {
  return rounded(sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN);
}

function rounded(seconds: number): number {
  return Number(seconds.toFixed(3));
}

function wordsOf(rows: readonly StartRow[], sizes: readonly SizeRow[]): string {
  const starts: Column[] = [
    { key: 'service' },
    { key: 'runs', digits: 0 },
    { key: 'median_s', digits: 2 },
    { key: 'fastest_s', digits: 2 },
    { key: 'slowest_s', digits: 2 },
    { key: 'limit_seconds', digits: 2 },
    { key: 'cpu_median_s', digits: 2 },
  ];
  const installed: Column[] = [
    { key: 'package' },
    { key: 'part', title: 'used by' },
    { key: 'packages', digits: 0 },
    { key: 'mib', title: 'MiB', digits: 1 },
  ];
  return [
    'from the start of the process to ready, without any optional package',
    table(rows, starts),
    '',
    'the installation, and what each optional package adds to it',
    table(sizes, installed),
  ].join('\n');
}
