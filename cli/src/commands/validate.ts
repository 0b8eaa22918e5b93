import { boundsAt, type Config, maskSecrets, type PoolConfig, signalsOfNoPool } from '@forescale/shared/config';
import { stringify } from 'yaml';
import { loadCompleteConfig } from '../runtime/complete-config.ts';

const HOUR_MS = 3_600_000;

/** Checks a configuration; with `print` shows what it comes to, and the bounds of the next 24 hours. */
export async function validate(file: string, options: { readonly print?: boolean }): Promise<void> {
  const config = await loadCompleteConfig(file, process.env);
  for (const signal of signalsOfNoPool(config.sources, config.pools))
    process.stderr.write(
      `${file}: warning: ${signal} is collected and never forecast: it is none of its pool's signals\n`,
    );
  if (!options.print) {
    process.stdout.write(`${file}: valid, ${config.pools.length} pool(s)\n`);
    return;
  }
  process.stdout.write(stringify(maskSecrets<Config>(config)));
  const fromMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  for (const pool of config.pools) process.stdout.write(boundsTable(pool, config.timezone, fromMs));
}

function boundsTable(pool: PoolConfig, timezone: string, fromMs: number): string {
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
  const lines = [`\n# pool ${pool.name}: bounds by hour (${timezone})`, '# from         min  max  USD/h  set by'];
  for (let hour = 0; hour < 24; hour++) {
    const bounds = boundsAt(pool, fromMs + hour * HOUR_MS, null);
    const usd = bounds.usdPerHourMax?.value.toString() ?? '-';
    const from = [...new Set([bounds.minNodes.from, bounds.maxNodes.from])].join(', ');
    lines.push(
      `# ${clock.format(fromMs + hour * HOUR_MS).padEnd(11)} ${String(bounds.minNodes.value).padStart(4)} ${String(bounds.maxNodes.value).padStart(4)} ${usd.padStart(6)}  ${from}`,
    );
  }
  return `${lines.join('\n')}\n`;
}
