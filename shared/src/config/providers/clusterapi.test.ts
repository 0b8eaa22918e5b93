import { describe, expect, it } from 'vitest';
import { clusterApiProvider } from './clusterapi.ts';

const GROUP = { name: 'md-0', instance_type: 'small' };
const CAPI = { kind: 'clusterapi', groups: [GROUP] };

function complaint(raw: unknown): string {
  const issue = clusterApiProvider.safeParse(raw).error?.issues[0];
  return issue === undefined ? 'accepted' : `${issue.path.join('.')}: ${issue.message}`;
}

describe('provider clusterapi', () => {
  it('with what it fills in', () => {
    expect(clusterApiProvider.parse(CAPI)).toEqual({
      kind: 'clusterapi',
      kubeconfig: null,
      context: null,
      namespace: 'default',
      groups: [
        {
          name: 'md-0',
          kind: 'machine_deployment',
          instanceType: 'small',
          region: 'local',
          zone: null,
          capacityType: null,
        },
      ],
      concurrency: 100,
      ratePerSecond: null,
    });
    const pool = { ...GROUP, kind: 'machine_pool' };
    expect(complaint({ ...CAPI, groups: [GROUP, pool], kubeconfig: '/k', context: 'm' })).toBe('accepted');
  });

  // biome-ignore format: one refusal a line
  it.each<[raw: unknown, message: string]>([
    [{ ...CAPI, group: 'md-0' }, ': unknown key; allowed: kind, kubeconfig, context, namespace, groups, concurrency, rate_per_second'],
    [{ ...CAPI, groups: [] }, 'groups: allowed: a list of 1 to 100 groups'],
    [{ ...CAPI, groups: [GROUP, GROUP] }, 'groups: allowed: each group once'],
    [{ ...CAPI, groups: [{ ...GROUP, name: `m${'d'.repeat(63)}` }] }, 'groups.0.name: allowed: a name of at most 63 characters'],
    [{ ...CAPI, groups: [{ ...GROUP, kind: 'MachineDeployment' }] }, 'groups.0.kind: allowed: machine_deployment, machine_pool'],
    [{ ...CAPI, groups: [{ name: 'md-0' }] }, 'groups.0.instance_type: allowed: an instance type such as "m7g.xlarge"'],
    [{ ...CAPI, context: 'm' }, 'context: allowed only with kubeconfig'],
  ])('%j: %s', (raw, message) => {
    expect(complaint(raw)).toBe(message);
  });
});
