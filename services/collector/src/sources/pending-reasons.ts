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

/** The first that a part of the message matches says why: volumes have an affinity to nodes, too. */
const PATTERNS: readonly (readonly [PendingReason, RegExp])[] = [
  ['volume', /volume|\bpvc/i],
  ['cpu', /Insufficient cpu\b/],
  ['memory', /Insufficient memory\b/],
  ['pod-limit', /Too many pods|Insufficient pods\b/],
  ['gpu', /Insufficient [\w.-]+\/gpu\b/],
  ['taint', /taint/],
  ['affinity', /affinity|node selector|topology spread/],
];

/** `message` of the condition PodScheduled; null: the scheduler has not looked at the pod yet. */
export function pendingReasons(message: string | null): readonly PendingReason[] {
  if (message === null) return ['unseen'];
  // What preemption would not help is no reason of its own.
  const [why = ''] = message.split('preemption:');
  // Keys and values of taints are words of whoever set them.
  const parts = why.replaceAll(/\{[^}]*\}/g, '').split(', ');
  const found = parts.flatMap((part) => PATTERNS.find(([, pattern]) => pattern.test(part))?.[0] ?? []);
  const reasons = PENDING_REASONS.filter((reason) => found.includes(reason));
  return reasons.length === 0 ? ['other'] : reasons;
}
