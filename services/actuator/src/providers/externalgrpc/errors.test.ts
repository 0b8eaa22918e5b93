import { describe, expect, it } from 'vitest';
import type { ErrorClass } from '../errors.ts';
import { grpcError, instanceError } from './errors.ts';

const MINUTE_MS = 60_000;

/** Numbers and words as servers give them; UNKNOWN is what Go's gRPC makes of an error without a status. */
const CALLS: readonly (readonly [string, number, string, ErrorClass, number | null])[] = [
  ['no connection', 14, 'No connection established. Last error: connect ECONNREFUSED 127.0.0.1:1', 'transient', null],
  ['a connection that dropped', 14, 'Connection dropped', 'transient', null],
  ['a cancelled call', 1, 'Cancelled on client', 'transient', null],
  ['a passed deadline', 4, 'Deadline exceeded after 15.0s', 'transient', null],
  ['an internal error', 13, 'Received RST_STREAM with code 2', 'transient', null],
  ['an aborted call', 10, 'concurrent update', 'transient', null],
  ['an error without a status', 2, 'RequestError: send request failed', 'transient', null],
  ['a number that is no status', 99, 'x', 'transient', null],
  ['a size above the maximum, of AWS', 2, 'size increase too large - desired:12 max:10', 'quota', 10],
  ['a size above the maximum, of GCE', 2, 'size increase too large - desired:12 max:10', 'quota', 10],
  [
    'a size above the maximum, of Hetzner',
    2,
    'size increase is too large. current: 1 desired: 12 max: 10',
    'quota',
    10,
  ],
  ['a size at the minimum', 2, 'min size reached, nodes will not be deleted', 'config', 3],
  ['a group that is not there', 2, 'NodeGroup "workers", not found', 'config', 3],
  ['a group that is not there, with a status', 5, 'no such group', 'config', 3],
  ['a wrong request', 3, 'delta must be positive', 'config', 3],
  ['a method that is not there', 12, 'unknown method Refresh', 'config', 3],
  ['an answer too large', 8, 'Received message larger than max (20000000 vs 16777216)', 'config', 3],
  ['too many calls', 8, 'too many requests', 'throttled', null],
  ['a session that is asked to calm down', 8, 'Bandwidth exhausted or memory limit exceeded', 'transient', null],
  ['a full quota', 8, 'quota CPUS exceeded in region', 'quota', 10],
  ['no machines', 8, 'out of m5.large in zone a', 'capacity', 3],
  ['a certificate that is not known', 16, 'client certificate required', 'auth', null],
  ['nobody who may', 7, 'not allowed', 'auth', null],
  ['what exists', 6, 'node group exists', 'conflict', null],
];

describe('what a gRPC server answers', () => {
  it.each(CALLS)('%s: %i %s: %s', (_what, code, details, errorClass, minutes) => {
    const error = grpcError({ code, details });
    expect(error).toMatchObject({
      errorClass,
      ambiguous: errorClass === 'transient' || errorClass === 'conflict',
      mark: minutes === null ? null : { ms: minutes * MINUTE_MS, scope: 'offering' },
    });
    expect(error.message).toContain(details);
  });

  it.each([8, 14])('status %i with a time to call again is throttled', (code) => {
    expect(grpcError({ code, details: 'later', pushbackMs: '7000' })).toMatchObject({
      errorClass: 'throttled',
      retryAfterMs: 7_000,
    });
  });

  it.each(['-1', 'soon', '', '99999999999999999999'])('a time of %j is none', (pushbackMs) => {
    expect(grpcError({ code: 14, details: 'later', pushbackMs })).toMatchObject({
      errorClass: 'transient',
      retryAfterMs: null,
    });
  });
});

const INSTANCES: readonly (readonly [string, string, number, ErrorClass])[] = [
  ['RESOURCE_POOL_EXHAUSTED', 'the zone does not have enough resources', 1, 'capacity'],
  ['placeholder-cannot-be-fulfilled', 'AWS cannot provision any more instances for this node group', 1, 'capacity'],
  ['QUOTA_EXCEEDED', "Quota 'CPUS' exceeded", 1, 'quota'],
  ['provisioning-state-failed', 'Operation could not be completed as it exceeds quota', 1, 'quota'],
  ['OTHER', 'the image is not there', 99, 'config'],
  ['PERMISSIONS_ERROR', 'Required permission', 99, 'config'],
];

it.each(INSTANCES)(
  'a machine that was not made: %s, %s, class %i: %s',
  (errorCode, errorMessage, number, errorClass) => {
    const error = instanceError({ errorCode, errorMessage, instanceErrorClass: number });
    expect(error).toMatchObject({ errorClass, ambiguous: false, message: `${errorCode}: ${errorMessage}` });
    expect(error.mark).not.toBeNull();
  },
);
