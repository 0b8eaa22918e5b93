import type { OfferingConfig } from '@forescale/shared/config';
import { z } from 'zod';
import { ProviderError } from '../errors.ts';
import type { GrpcCall } from './connect.ts';

/** What the journal can keep of a machine's id. */
const ID_CHARS_MAX = 253;
const INSTANCES_MAX = 100_000;
const SIZE_MAX = 1_000_000;
const HOUR_S = 3_600;

/** UNIMPLEMENTED, or of this machine; UNKNOWN is what servers say where they do not choose a code. */
const NOT_KNOWN = /^(UNIMPLEMENTED|UNKNOWN|NOT_FOUND|INVALID_ARGUMENT|OUT_OF_RANGE|FAILED_PRECONDITION)\b/;

const groupsSchema = z.object({
  nodeGroups: z
    .array(z.object({ id: z.string(), minSize: z.number().int().min(0), maxSize: z.number().int().min(0) }))
    .max(10_000)
    .default([]),
});

const sizeSchema = z.object({ targetSize: z.number().int().min(0).max(SIZE_MAX) });

const instanceSchema = z.object({
  id: z.string().min(1).max(ID_CHARS_MAX),
  status: z
    .object({
      instanceState: z.number().int(),
      errorInfo: z
        .object({ errorCode: z.string(), errorMessage: z.string(), instanceErrorClass: z.number().int() })
        .nullish(),
    })
    .nullish(),
});

const instancesSchema = z.object({ instances: z.array(instanceSchema).max(INSTANCES_MAX).default([]) });

const priceSchema = z.object({ price: z.number().min(0) });

/** States of an instance by their numbers; 0 is of servers that do not say. */
export const CREATING = 2;
export const DELETING = 3;

export type Instance = z.output<typeof instanceSchema>;
type GroupBounds = z.output<typeof groupsSchema>['nodeGroups'][number];

/** The calls that are needed, with their answers read. */
export class ExternalApi {
  readonly #call: GrpcCall;

  constructor(call: GrpcCall) {
    this.#call = call;
  }

  /** Servers answer from what they knew at the last `Refresh`. */
  async refresh(signal: AbortSignal): Promise<void> {
    await this.#call('Refresh', {}, signal);
  }

  async groups(signal: AbortSignal): Promise<readonly GroupBounds[]> {
    return parse(groupsSchema, 'NodeGroups', await this.#call('NodeGroups', {}, signal)).nodeGroups;
  }

  async targetSize(id: string, signal: AbortSignal): Promise<number> {
    const answer = await this.#call('NodeGroupTargetSize', { id }, signal);
    return parse(sizeSchema, 'NodeGroupTargetSize', answer).targetSize;
  }

  /** By so many more (`delta` > 0), or by so many less of those that are not there yet. */
  async changeSize(id: string, delta: number, signal: AbortSignal): Promise<void> {
    await this.#call(delta > 0 ? 'NodeGroupIncreaseSize' : 'NodeGroupDecreaseTargetSize', { id, delta }, signal);
  }

  async instances(id: string, signal: AbortSignal): Promise<readonly Instance[]> {
    return parse(instancesSchema, 'NodeGroupNodes', await this.#call('NodeGroupNodes', { id }, signal)).instances;
  }

  async deleteNodes(id: string, providerIds: readonly string[], signal: AbortSignal): Promise<void> {
    const nodes = providerIds.map((providerID) => ({ providerID }));
    await this.#call('NodeGroupDeleteNodes', { id, nodes }, signal);
  }

  /** Of one hour of such a node, from `nowMs` on; null: the server does not know. */
  async price(
    {
      instanceType,
      region,
      zone,
      capacityType,
    }: Pick<OfferingConfig, 'instanceType' | 'region' | 'zone' | 'capacityType'>,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<number | null> {
    const labels = {
      'node.kubernetes.io/instance-type': instanceType,
      'topology.kubernetes.io/region': region,
      'topology.kubernetes.io/zone': zone,
      'forescale.dev/capacity-type': capacityType,
    };
    const seconds = Math.floor(nowMs / 1_000);
    const times = { startTimestamp: { seconds }, endTimestamp: { seconds: seconds + HOUR_S } };
    try {
      const answer = await this.#call('PricingNodePrice', { node: { labels }, ...times }, signal);
      return parse(priceSchema, 'PricingNodePrice', answer).price;
    } catch (error) {
      if (error instanceof ProviderError && NOT_KNOWN.test(error.message)) return null;
      throw error;
    }
  }
}

/** What cannot be read may have been carried out all the same. */
function parse<Schema extends z.ZodType>(schema: Schema, method: string, answer: unknown): z.output<Schema> {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new ProviderError('transient', `${method}: unreadable answer: ${issue?.path.join('.')}: ${issue?.message}`);
}
