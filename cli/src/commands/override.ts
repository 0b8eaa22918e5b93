import { userInfo } from 'node:os';
import { loadConfig } from '@forescale/shared/config';
import { parseDurationMs, systemClock } from '@forescale/shared/time';
import { checkOverrideEnd, OVERRIDE_DAYS_MAX, overrideSchema, parseWire, WireError } from '@forescale/shared/wire';
import type { z } from 'zod';
import { wordsTo, writeJson } from '../output/json.ts';
import { integerOption, UsageError } from '../output/usage.ts';
import { sendOverride } from '../runtime/override-sender.ts';
import { poolNamed } from './pool-named.ts';

const NODES_MAX = 10_000;

/** What `pause`, `resume` and `override` have in common. */
export interface SteerFlags {
  readonly config: string;
  readonly by?: string;
  readonly why?: string;
  readonly url?: string;
  readonly tokenFile?: string;
  readonly json?: string;
}

export interface TimedFlags extends SteerFlags {
  readonly for?: string;
  readonly until?: string;
}

export interface BoundFlags extends TimedFlags {
  readonly min?: string;
  readonly max?: string;
  readonly clear?: boolean;
}

type Request = z.input<typeof overrideSchema>;

/** `forescale pause POOL`: nothing is created and nothing removed until the time is over. */
export async function pause(pool: string, flags: TimedFlags): Promise<void> {
  await steer(pool, flags, { pause: true, until: endOf(flags) });
}

/** `forescale resume POOL`: ends a pause; bounds that are overridden stay so. */
export async function resume(pool: string, flags: SteerFlags): Promise<void> {
  await steer(pool, flags, { pause: false });
}

/** `forescale override POOL`: other bounds for a while, or with `--clear` those of the configuration again. */
export async function overrideBounds(pool: string, flags: BoundFlags): Promise<void> {
  const min = flags.min === undefined ? undefined : integerOption('--min', flags.min, 0, NODES_MAX);
  const max = flags.max === undefined ? undefined : integerOption('--max', flags.max, 0, NODES_MAX);
  if (flags.clear) {
    if (min !== undefined || max !== undefined) throw new UsageError('--clear: allowed without --min and --max');
    return await steer(pool, flags, { min: null, max: null });
  }
  if (min === undefined && max === undefined) throw new UsageError('override: allowed with --min, --max or --clear');
  await steer(pool, flags, { min, max, until: endOf(flags) });
}

async function steer(name: string, flags: SteerFlags, asked: Omit<Request, 'by' | 'why'>): Promise<void> {
  const config = await loadConfig(flags.config, process.env);
  const pool = poolNamed(config.pools, 'pool', name);
  const by = flags.by ?? userName(userInfo, process.env, process.getuid?.());
  const request = { ...asked, by, why: flags.why ?? 'resumed' };
  check(request);
  const answer = await sendOverride(config, pool.name, request, flags);
  if (flags.json !== undefined) await writeJson(flags.json, answer);
  wordsTo(flags.json).write(`pool ${answer.pool}: ${answer.what}\n`);
}

/** What the actuator would refuse is said before it is asked. Every field has the name of its option. */
function check(request: Request): void {
  try {
    const { until } = parseWire(request, overrideSchema);
    if (until !== undefined) checkOverrideEnd(until, systemClock.nowMs());
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new UsageError(`--${error.message}`, { cause: error });
  }
}

/** Containers run under numbers that no passwd file knows: the system then has no name, and says so by an error. */
export function userName(
  lookUp: () => { readonly username: string },
  { USER }: { readonly USER?: string | undefined },
  uid: number | undefined,
): string {
  try {
    return lookUp().username;
  } catch {
    return USER || (uid === undefined ? 'somebody' : `uid ${uid}`);
  }
}

/** RFC 3339; an hour from now where neither `--for` nor `--until` says. */
function endOf({ for: duration, until }: TimedFlags): string {
  if (duration !== undefined && until !== undefined) throw new UsageError('--until: allowed without --for');
  if (until !== undefined) {
    const timeMs = Date.parse(until);
    if (!/T.*(Z|[+-]\d\d:\d\d)$/.test(until) || !Number.isFinite(timeMs))
      throw new UsageError(`--until = ${JSON.stringify(until)}; allowed: a time such as 2026-11-26T18:00:00Z`);
    return new Date(timeMs).toISOString();
  }
  const ms = parseDurationMs(duration ?? '1h');
  if (ms === null || ms <= 0 || ms > OVERRIDE_DAYS_MAX * 86_400_000)
    throw new UsageError(
      `--for = ${JSON.stringify(duration)}; allowed: a duration of at most ${OVERRIDE_DAYS_MAX}d, such as 30m`,
    );
  return new Date(systemClock.nowMs() + ms).toISOString();
}
