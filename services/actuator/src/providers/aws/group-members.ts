import type { Instance } from '@aws-sdk/client-auto-scaling';
import type { Machine } from '../port.ts';
import { providerIdOf, type ShownInstance } from './instances.ts';

/** What auto scaling says of a member; null: it is one no more, or one of a warm pool, which waits stopped. */
export function memberStateOf(lifecycle: string | undefined): Machine['state'] | null {
  const state = lifecycle ?? '';
  if (/^(Pending|Quarantined)/.test(state)) return 'starting';
  if (/^(InService|EnteringStandby|Standby)$/.test(state)) return 'running';
  return /^Terminating/.test(state) ? 'terminating' : null;
}

/** Whether the member is one of those that the group was told to have; one in standby does not count. */
export function isThere({ LifecycleState }: Instance): boolean {
  return /^(Pending|Quarantined|InService)/.test(LifecycleState ?? '');
}

/** A member as a machine; EC2 may not show it yet. */
export function asMember(
  { InstanceId: id, AvailabilityZone: zone, LifecycleState }: Instance,
  shown: ReadonlyMap<string, ShownInstance>,
  { region, group }: { readonly region: string; readonly group: string },
  nowMs: number,
): Machine[] {
  const state = memberStateOf(LifecycleState);
  if (state === null || id === undefined || zone === undefined) return [];
  const instance = shown.get(id);
  return [
    {
      id,
      providerId: providerIdOf(zone, id),
      requestId: '',
      nodeName: instance?.privateDnsName ?? '',
      pool: '',
      state,
      createdMs: instance?.launchedMs ?? nowMs,
      place: { provider: '', region },
      group,
    },
  ];
}
