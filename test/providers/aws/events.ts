import type { Instance } from './instances.ts';

/** What EventBridge puts into a queue, in the shapes that AWS documents. */
function envelope(instance: Instance, timeMs: number, source: string, type: string, detail: unknown): string {
  return JSON.stringify({
    version: '0',
    id: `event-${instance.id}-${timeMs}-${type.length}`,
    'detail-type': type,
    source,
    account: '123456789012',
    time: new Date(timeMs).toISOString().replace(/\.\d+Z$/, 'Z'),
    region: instance.region,
    resources: [`arn:aws:ec2:${instance.region}:123456789012:instance/${instance.id}`],
    detail,
  });
}

export const spotWarning = (instance: Instance, timeMs: number) =>
  envelope(instance, timeMs, 'aws.ec2', 'EC2 Spot Instance Interruption Warning', {
    'instance-id': instance.id,
    'instance-action': 'terminate',
  });

export const rebalanceRecommendation = (instance: Instance, timeMs: number) =>
  envelope(instance, timeMs, 'aws.ec2', 'EC2 Instance Rebalance Recommendation', { 'instance-id': instance.id });

export const stateChange = (instance: Instance, timeMs: number) =>
  envelope(instance, timeMs, 'aws.ec2', 'EC2 Instance State-change Notification', {
    'instance-id': instance.id,
    state: instance.state,
  });

export const scheduledRetirement = (instance: Instance, timeMs: number, startMs: number) =>
  envelope(instance, timeMs, 'aws.health', 'AWS Health Event', {
    service: 'EC2',
    eventTypeCode: 'AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED',
    eventTypeCategory: 'scheduledChange',
    startTime: new Date(startMs).toUTCString(),
    affectedEntities: [{ entityValue: instance.id }],
  });
