import { type ClusterProbe, describePermission, type NeededPermission } from '@forescale/shared/kubernetes';
import { attempt, type Finding, type Patience } from './finding.ts';

/** An API server answers some hundred reviews a second; there is one for each pool. */
const AT_ONCE = 8;

/** One finding for each right that these credentials lack, or for all when they lack none. */
export async function checkPermissions(
  probe: Pick<ClusterProbe, 'allows'>,
  needed: readonly NeededPermission[],
  patience: Patience,
): Promise<Finding[]> {
  const rights = merged(needed);
  const findings: Finding[] = [];
  for (let from = 0; from < rights.length; from += AT_ONCE) {
    const some = rights.slice(from, from + AT_ONCE);
    const asked = await Promise.all(some.map((one) => check(probe, one, patience)));
    findings.push(...asked.flat());
  }
  if (findings.length > 0) return findings;
  const services = [...new Set(needed.map(({ service }) => service))].join(' and ');
  return [{ check: 'permission', subject: services, state: 'ok', detail: `all ${rights.length} rights are granted` }];
}

interface Right {
  readonly right: NeededPermission;
  readonly services: readonly string[];
}

/** What both services need is asked once. */
function merged(needed: readonly NeededPermission[]): Right[] {
  const rights = new Map<string, Right>();
  for (const right of needed) {
    const key = describePermission(right);
    const known = rights.get(key);
    rights.set(key, { right: known?.right ?? right, services: [...(known?.services ?? []), right.service] });
  }
  return [...rights.values()];
}

async function check(
  probe: Pick<ClusterProbe, 'allows'>,
  { right, services }: Right,
  patience: Patience,
): Promise<Finding[]> {
  const subject = describePermission(right);
  const asked = await attempt(patience, (signal) => probe.allows(right, signal));
  if ('error' in asked) return [{ check: 'permission', subject, state: 'fail', detail: `not known: ${asked.error}` }];
  if (asked.value) return [];
  const detail = `refused to the ${services.join(' and the ')}: without it ${right.without}`;
  return [{ check: 'permission', subject, state: right.missing, detail }];
}
