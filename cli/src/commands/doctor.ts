import { parseConfig } from '@forescale/shared/config';
import type { ClusterService } from '@forescale/shared/kubernetes';
import { createLog } from '@forescale/shared/telemetry';
import { systemClock } from '@forescale/shared/time';
import { examine } from '../doctor/examine.ts';
import { findingsTable } from '../doctor/table.ts';
import { wordsTo, writeJson } from '../output/json.ts';
import { UsageError } from '../output/usage.ts';
import { loadCompleteConfig } from '../runtime/complete-config.ts';

export interface DoctorFlags {
  readonly config?: string;
  readonly service?: string;
  readonly json?: string;
}

const SERVICES: readonly ClusterService[] = ['collector', 'actuator'];
/** Of each single check. */
const TIMEOUT_MS = 10_000;

/** `forescale doctor`: a table of ok, warn and fail; rejects where anything fails. */
export async function doctor(flags: DoctorFlags): Promise<void> {
  const services = servicesOf(flags.service);
  const config =
    flags.config === undefined
      ? parseConfig('autoscaler: {}', 'defaults', process.env)
      : await loadCompleteConfig(flags.config, process.env);
  const findings = await examine({
    config,
    services,
    nodeVersion: process.versions.node,
    log: createLog('doctor', 'error'),
    patience: { clock: systemClock, timeoutMs: TIMEOUT_MS },
  });
  if (flags.json !== undefined) await writeJson(flags.json, { findings });
  wordsTo(flags.json).write(findingsTable(findings));
  const failed = findings.filter(({ state }) => state === 'fail');
  if (failed.length > 0) throw new Error(`${failed.length} check(s) failed`);
}

function servicesOf(name: string | undefined): readonly ClusterService[] {
  if (name === undefined) return SERVICES;
  const found = SERVICES.filter((service) => service === name);
  if (found.length > 0) return found;
  throw new UsageError(`--service = ${JSON.stringify(name)}; allowed: ${SERVICES.join(', ')}`);
}
