import { z } from 'zod';

/** From the warning to the end of a spot machine. */
const WARNING_MS = 120_000;
const ENTITIES_MAX = 100;

/** What an event says of its instances. `going`: it is being stopped or ended, by us or by AWS: EC2 says by whom. */
export interface Notice {
  readonly instanceIds: readonly string[];
  readonly kind: 'reclaim' | 'rebalance' | 'going';
  readonly atMs: number;
  readonly sentMs: number;
}

const instanceId = z.string().regex(/^i-[0-9a-f]{8,17}$/);
const moment = z.string().max(64).transform(Date.parse).refine(Number.isFinite);
const envelope = z.object({ 'detail-type': z.string().max(200), time: moment, detail: z.unknown() });
const ofInstance = z.object({ 'instance-id': instanceId });
const stateChange = z.object({ 'instance-id': instanceId, state: z.string().max(64) });
const health = z.object({
  service: z.string().max(200),
  eventTypeCategory: z.string().max(200),
  startTime: moment.optional(),
  affectedEntities: z
    .array(z.object({ entityValue: z.string().max(200) }))
    .max(ENTITIES_MAX)
    .default([]),
});

const GOING: readonly string[] = ['stopping', 'stopped', 'shutting-down', 'terminated'];

/** An event of EventBridge, as SQS has it. Null: it is of no concern. Throws `Error` that names what is wrong with it. */
export function readNotice(body: string): Notice | null {
  const { 'detail-type': type, time: sentMs, detail } = parsed(envelope, json(body), 'event');
  switch (type) {
    case 'EC2 Spot Instance Interruption Warning': {
      const { 'instance-id': id } = parsed(ofInstance, detail, 'detail');
      return { instanceIds: [id], kind: 'reclaim', atMs: sentMs + WARNING_MS, sentMs };
    }
    case 'EC2 Instance Rebalance Recommendation': {
      const { 'instance-id': id } = parsed(ofInstance, detail, 'detail');
      return { instanceIds: [id], kind: 'rebalance', atMs: sentMs, sentMs };
    }
    case 'EC2 Instance State-change Notification': {
      const { 'instance-id': id, state } = parsed(stateChange, detail, 'detail');
      return GOING.includes(state) ? { instanceIds: [id], kind: 'going', atMs: sentMs, sentMs } : null;
    }
    case 'AWS Health Event':
      return scheduled(parsed(health, detail, 'detail'), sentMs);
    default:
      throw new Error(`detail-type ${JSON.stringify(type.slice(0, 80))}: none that the queue is for`);
  }
}

/** A machine that AWS will retire or restart: it is emptied ahead, whenever that will be. */
function scheduled(event: z.output<typeof health>, sentMs: number): Notice | null {
  if (event.service !== 'EC2' || event.eventTypeCategory !== 'scheduledChange') return null;
  const instanceIds = event.affectedEntities
    .map(({ entityValue }) => entityValue)
    .filter((value) => instanceId.safeParse(value).success);
  return instanceIds.length > 0 ? { instanceIds, kind: 'reclaim', atMs: event.startTime ?? sentMs, sentMs } : null;
}

function json(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new Error('no JSON');
  }
}

function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new Error(`${[what, ...(issue?.path ?? [])].join('.')}: ${issue?.message}`);
}
