/**
 * Why a pod waits, as the scheduler says it. Its message lists what stands against each node ("0/3 nodes are available: 1
 * Insufficient cpu, 2 node(s) had untolerated taint {key: value}."), so that one pod may wait for several of these.
 */
export const PENDING_REASONS = [
  'cpu',
  'memory',
  'pod-limit',
  'gpu',
  'taint',
  'affinity',
  'volume',
  'other',
  'unseen',
] as const;
export type PendingReason = (typeof PENDING_REASONS)[number];

const PATTERNS: readonly (readonly [PendingReason, RegExp])[] = [
  ['cpu', /Insufficient cpu\b/],
  ['memory', /Insufficient memory\b/],
  ['pod-limit', /Too many pods|Insufficient pods\b/],
  ['gpu', /Insufficient [\w.-]+\/gpu\b/],
  ['taint', /taint/],
  ['affinity', /affinity|node selector|topology spread/],
  ['volume', /volume|PersistentVolumeClaim/i],
];

/** `message` of the condition PodScheduled; null: the scheduler has not looked at the pod yet. */
export function pendingReasons(message: string | null): readonly PendingReason[] {
  if (message === null) return ['unseen'];
  // What preemption would not help is no reason of its own.
  const [why = ''] = message.split('preemption:');
  const reasons = PATTERNS.filter(([, pattern]) => pattern.test(why)).map(([reason]) => reason);
  return reasons.length === 0 ? ['other'] : reasons;
}
