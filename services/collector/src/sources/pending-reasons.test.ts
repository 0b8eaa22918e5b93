import { expect, it } from 'vitest';
import { pendingReasons } from './pending-reasons.ts';

it.each<[message: string | null, reasons: readonly string[]]>([
  [null, ['unseen']],
  ['0/3 nodes are available: 3 Insufficient cpu.', ['cpu']],
  [
    '0/5 nodes are available: 1 Insufficient memory, 1 Too many pods, 3 node(s) had untolerated taint {team: a}. ' +
      'preemption: 0/5 nodes are available: 5 No preemption victims found for incoming pod.',
    ['memory', 'pod-limit', 'taint'],
  ],
  ["0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.", ['affinity']],
  ["0/2 nodes are available: 2 node(s) didn't match pod topology spread constraints.", ['affinity']],
  ['0/4 nodes are available: 1 node(s) had volume node affinity conflict, 3 Insufficient cpu.', ['cpu', 'volume']],
  ['0/1 nodes are available: 1 node(s) had untolerated taint {volume: affinity}.', ['taint']],
  [
    '0/3 nodes are available: 1 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s), ' +
      "2 node(s) didn't match pod topology spread constraints (missing required label).",
    ['affinity', 'volume'],
  ],
  ['0/2 nodes are available: 2 Insufficient nvidia.com/gpu.', ['gpu']],
  ['0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.', ['volume']],
  ['0/2 nodes are available: 2 node(s) were unschedulable. preemption: Insufficient cpu', ['other']],
  ['no nodes available to schedule pods', ['other']],
])('%s', (message, reasons) => {
  expect(pendingReasons(message)).toEqual(reasons);
});
