import { z } from 'zod';
import { CloudError } from './errors.ts';
import type { CreateRequest, Machine } from './machine.ts';

const id = z.string().regex(/^[\x21-\x7e]{1,64}$/, '1 to 64 printable ASCII characters');

const createSchema = z
  .strictObject({
    requestId: id,
    token: id.optional(),
    clusterTag: z.string().max(128),
    pool: z.string().max(63).default(''),
    nodeName: z.string().regex(/^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/, 'a node name'),
    offering: z.strictObject({
      region: z.string().default('local'),
      zone: z.string(),
      instanceType: z.string(),
      capacityType: z.enum(['on_demand', 'spot']),
    }),
    labels: z.record(z.string(), z.string()).default({}),
    taints: z
      .array(
        z.strictObject({
          key: z.string(),
          value: z.string().default(''),
          effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
        }),
      )
      .default([]),
  })
  .transform((raw): CreateRequest => ({ ...raw, token: raw.token ?? raw.requestId }));

/** The body of a creation; throws `config` with the field that is wrong. */
export function parseCreateRequest(body: string): CreateRequest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (error) {
    throw new CloudError('config', `InvalidParameter: the body is not JSON: ${(error as Error).message}`);
  }
  const result = createSchema.safeParse(parsed);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new CloudError('config', `InvalidParameter: ${issue?.path.join('.')}: ${issue?.message}`);
}

/** A machine on the wire. Times are epoch milliseconds. */
export function machineJson(machine: Machine): object {
  const { offering, token: _token, ...rest } = machine;
  const { region, zone, instanceType, capacityType, usdPerHour } = offering;
  return { ...rest, offering: { region, zone, instanceType, capacityType }, usdPerHour };
}
