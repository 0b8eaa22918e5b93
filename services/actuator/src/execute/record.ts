import { INTERRUPTION_BANDS, type OfferingConfig, priceOriginSchema } from '@forescale/shared/config';
import { z } from 'zod';

const moment = z.number().int();
const name = z.string().min(1).max(253);
const count = z.number().min(0);

const offeringSchema: z.ZodType<OfferingConfig> = z.object({
  provider: z.string().default(''),
  instanceType: z.string(),
  region: z.string(),
  zone: z.string(),
  capacityType: z.enum(['on_demand', 'spot']),
  usdPerHour: z.number(),
  allocatable: z.object({ cpuMillicores: count, memoryBytes: count, pods: count, gpus: count }).nullable(),
  interruption: z.enum(INTERRUPTION_BANDS).nullable().default(null),
  /** Absent in journals of before 0.2, which knew configured prices only. */
  price: priceOriginSchema.exactOptional(),
});

/**
 * - `intended`: written before the call; the call may have been sent, or not.
 * - `requested`: the provider has made its machines; `machineIds` are known.
 * - `registered`: its Node is there.
 * - `ready`: its Node is or was Ready.
 * - `draining`: cordoned, its pods are being evicted.
 * - `removing`: Node deleted, machine being terminated until the provider shows it no more. Then the record goes.
 */
const RECORD_STATES = ['intended', 'requested', 'registered', 'ready', 'draining', 'removing'] as const;
/** The journals of versions before 0.2 have another word for it. */
const OLD_WORD_FOR_REGISTERED = 'launched';

/** What the journal knows of one node that Forescale wanted, from before its first call until it is verified gone. */
export const nodeRecordSchema = z.object({
  requestId: name,
  pool: name,
  clusterTag: name,
  /** Of the plan that asked for it. */
  generation: z.number().int().min(0),
  /**
   * Of an intent: its call was never sent, since the provider's rate had no room for it in the tick that wanted it. It waits
   * for its turn, and can be taken back as if it had never been.
   */
  queued: z.boolean().default(false),
  state: z.preprocess((word) => (word === OLD_WORD_FOR_REGISTERED ? 'registered' : word), z.enum(RECORD_STATES)),
  nodeName: name,
  offering: offeringSchema,
  machineIds: z.array(z.string().max(253)).max(100),
  /** That has made them, whichever sells such machines now; null: none, or none is made yet. */
  group: z.string().max(1_000).nullable().default(null),
  /** What its Node's `spec.providerID` will be; empty where nobody has said. */
  providerId: z.string().max(1_000).default(''),
  /** When it was asked for, and when each step of its start was reached: its machines made … */
  createdMs: moment,
  launchedMs: moment.nullable(),
  /** … its Node there, and Ready … */
  registeredMs: moment.nullable().default(null),
  readyMs: moment.nullable(),
  /** … and the first pod running on it that does not belong to every node; as a tick sees it. */
  usefulMs: moment.nullable().default(null),
  /** The span of that plan; absent where no traces were configured. */
  traceparent: z.string().max(55).exactOptional(),
  /** Why it was asked for; later why it leaves. */
  why: z.string().max(1_000),
  drain: z
    .object({
      startedMs: moment,
      /** After this the drain is given up, or with `force` the node goes with its pods. */
      deadlineMs: moment,
      force: z.boolean(),
      /** Its node is not Ready: it serves again if it comes back. Not so of a machine that the provider takes back. */
      repair: z.boolean().default(false),
      why: z.string().max(1_000),
    })
    .nullable(),
  /** When removing began. `failed`: it never served, which its offering is blamed for. */
  removal: z.object({ startedMs: moment, failed: z.boolean(), why: z.string().max(1_000) }).nullable(),
});

export function isQueued({ state, queued }: NodeRecord): boolean {
  return state === 'intended' && queued;
}

export type NodeRecord = Readonly<z.output<typeof nodeRecordSchema>>;
