import type { CapacityType } from '@forescale/shared/domain';
import { z } from 'zod';
import type { ProviderError } from '../errors.ts';
import type { Machine } from '../port.ts';
import { parsed } from './arm.ts';
import { toldError } from './errors.ts';
import { TAGS } from './names.ts';

const text = z.string().max(1_024);

const statusSchema = z.object({
  code: text.default(''),
  message: z.string().nullish(),
  /** When it came to be; of a scale set. */
  time: text.nullish(),
});
export const instanceViewSchema = z.object({ statuses: z.array(statusSchema).max(100).nullish() });
type Status = z.output<typeof statusSchema>;

/** A machine, alone or of a scale set; only what is looked at. */
const machineSchema = z.object({
  id: text.min(1),
  name: text.min(1),
  /** Of a uniform scale set. */
  instanceId: text.nullish(),
  location: text.default(''),
  zones: z.array(text).nullish(),
  tags: z.record(z.string(), z.string()).nullish(),
  properties: z.object({
    provisioningState: text.default(''),
    timeCreated: text.nullish(),
    priority: text.nullish(),
    hardwareProfile: z.object({ vmSize: text.nullish() }).nullish(),
    osProfile: z.object({ computerName: text.nullish() }).nullish(),
    instanceView: instanceViewSchema.nullish(),
  }),
});

export type ArmMachine = z.output<typeof machineSchema>;

export function parseMachine(body: unknown): ArmMachine {
  return parsed(machineSchema, body);
}

const tagsSchema = z.object({ tags: z.record(z.string(), z.unknown()) });

/** Of anything that a listing holds, somebody else's machines among them. */
export function tagOf(body: unknown, tag: string): string {
  const value = tagsSchema.safeParse(body).data?.tags[tag];
  return typeof value === 'string' ? value : '';
}

/** As the port has it; `id` is how the provider finds it again. */
export function machineOf(
  answer: ArmMachine,
  is: { readonly id: string; readonly providerId: string; readonly group: string | null; readonly nowMs: number },
): Machine {
  const { properties, tags, location } = answer;
  const createdMs = Date.parse(properties.timeCreated ?? '');
  return {
    id: is.id,
    providerId: is.providerId,
    requestId: tags?.[TAGS.request] ?? '',
    nodeName: (tags?.[TAGS.node] ?? properties.osProfile?.computerName ?? '').toLowerCase(),
    pool: tags?.[TAGS.pool] ?? '',
    state: stateOf(properties.provisioningState),
    // Too young is the safe side: nothing young is taken for lost.
    createdMs: Number.isFinite(createdMs) ? createdMs : is.nowMs,
    place: { provider: '', region: location },
    group: is.group,
  };
}

/** Deleting is what is sure; "Failed" may be anything, and is looked into. */
function stateOf(provisioningState: string): Machine['state'] {
  if (/^deleting$/i.test(provisioningState)) return 'terminating';
  return /^succeeded$/i.test(provisioningState) ? 'running' : 'starting';
}

export function hasFailed({ properties }: ArmMachine): boolean {
  return /^failed$/i.test(properties.provisioningState);
}

export function capacityTypeOf({ properties }: ArmMachine): CapacityType {
  return properties.priority === 'Spot' || properties.priority === 'Low' ? 'spot' : 'on_demand';
}

/**
 * Why there is no machine behind a resource that has failed; null: there is one. That the guest did not report in time,
 * or that an extension failed, is a failure too, of a machine that runs and may join.
 */
export function deathOf(statuses: readonly Status[] | null | undefined, capacityType: CapacityType) {
  const isPowered = statuses?.some(({ code }) => /^PowerState\/(running|starting)$/i.test(code)) ?? false;
  return isPowered
    ? null
    : (failureIn(statuses, capacityType)?.error ?? toldError('', 'provisioning failed', capacityType));
}

/** What the statuses of a resource say of its failure: "ProvisioningState/failed/AllocationFailed". */
export function failureIn(
  statuses: readonly Status[] | null | undefined,
  capacityType: CapacityType,
): { readonly error: ProviderError; readonly atMs: number | null } | null {
  for (const { code, message, time } of statuses ?? []) {
    const failed = /^ProvisioningState\/failed(\/([\w.]+))?$/i.exec(code);
    if (!failed) continue;
    const atMs = Date.parse(time ?? '');
    const error = toldError(failed[2] ?? '', message ?? 'provisioning failed', capacityType);
    return { error, atMs: Number.isFinite(atMs) ? atMs : null };
  }
  return null;
}
