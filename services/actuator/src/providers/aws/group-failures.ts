import type { Activity, AutoScaling } from '@aws-sdk/client-auto-scaling';
import type { ProviderError } from '../errors.ts';
import { answered } from './clients.ts';
import { awsError } from './errors.ts';

/** Of the newest: a group that fails tries, and says so, every few minutes. */
const ACTIVITIES_MAX = 100;

/** `Could not launch Spot Instances. UnfulfillableCapacity - Unable to … Launching EC2 instance failed.` */
const CODE = /(?:^|[.:]\s)([A-Z][A-Za-z]+(?:\.[A-Za-z]+)*) - /;

/** What older activities say in words alone. */
const WORDS: readonly (readonly [words: RegExp, code: string])[] = [
  [/do not have sufficient .* capacity|no Spot capacity available/i, 'InsufficientInstanceCapacity'],
  [/vCPU (capacity|limit)/i, 'VcpuLimitExceeded'],
  [/Max spot instance count exceeded/i, 'MaxSpotInstanceCountExceeded'],
  [/not (enough|sufficient) free addresses/i, 'InsufficientFreeAddressesInSubnet'],
  [/not authorized/i, 'UnauthorizedOperation'],
];

/**
 * Why the group has not delivered since `sinceMs`, said once for each of `count` machines. None where it has not failed, or
 * was at it again since: a group tries another zone by itself.
 */
export async function failuresSince(
  scaling: AutoScaling,
  group: string,
  sinceMs: number,
  count: number,
  signal: AbortSignal,
): Promise<ProviderError[]> {
  const input = { AutoScalingGroupName: group, MaxRecords: ACTIVITIES_MAX };
  const { Activities = [] } = await answered(scaling.describeScalingActivities(input, { abortSignal: signal }));
  // Auto scaling tells times by the second, the newest first.
  const firstMs = sinceMs - (sinceMs % 1_000);
  const launches = Activities.filter((one) => isLaunch(one) && (one.StartTime?.getTime() ?? 0) >= firstMs);
  if (launches[0]?.StatusCode !== 'Failed') return [];
  const errors = launches.flatMap(({ StatusCode, StatusMessage = '' }) =>
    StatusCode === 'Failed' ? [asError(StatusMessage)] : [],
  );
  return Array.from({ length: count }, (_, i) => errors[i % errors.length] as ProviderError);
}

/** What was cancelled, we have taken back ourselves. */
function isLaunch({ StatusCode, Description = '' }: Activity): boolean {
  return StatusCode !== 'Cancelled' && Description.startsWith('Launching');
}

function asError(message: string): ProviderError {
  const spoken = WORDS.find(([words]) => words.test(message))?.[1];
  const code = CODE.exec(message)?.[1] ?? spoken ?? 'ScalingActivityFailed';
  return awsError({ ErrorCode: code, ErrorMessage: message });
}
