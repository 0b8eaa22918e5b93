import { MARK_MS, type Mark, type ProviderError, QUOTA_MARK_MS } from '../errors.ts';
import { classified, type Rule } from '../refusal.ts';

const MARK: Mark = { ms: MARK_MS, scope: 'offering' };
const QUOTA_MARK = { ms: QUOTA_MARK_MS };

/** A call that failed, by the server or on the way to it. */
export interface GrpcFailure {
  /** The number of the gRPC status. */
  readonly code: number;
  readonly details: string;
  /** Value of the trailer `grpc-retry-pushback-ms`: when the server wants to be called again. */
  readonly pushbackMs?: string | undefined;
}

const STATUS_NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

const TOO_LARGE = /size increase (is )?too large|max(imum)? size/i;

/**
 * The published interface names no codes, and the server that wraps Cluster Autoscaler's own providers answers UNKNOWN to
 * everything, so the words of those providers count where they are the same in all of them.
 */
const RULES: readonly Rule[] = [
  { errorClass: 'quota', codes: /^(UNKNOWN|OUT_OF_RANGE|FAILED_PRECONDITION)$/, message: TOO_LARGE, mark: QUOTA_MARK },
  { errorClass: 'config', codes: /^UNKNOWN$/, message: /^NodeGroup ".*", not found$/ },
  // Of one group: those of others may be deleted.
  { errorClass: 'config', codes: /^(UNKNOWN|FAILED_PRECONDITION)$/, message: /min(imum)? size reached/i },
  { errorClass: 'config', codes: /^RESOURCE_EXHAUSTED$/, message: /message larger than/i },
  { errorClass: 'throttled', codes: /^RESOURCE_EXHAUSTED$/, message: /throttl|too many|rate.?limit/i },
  // How a stream is told that was reset for being too much: its call may have been carried out.
  { errorClass: 'transient', codes: /^RESOURCE_EXHAUSTED$/, message: /^bandwidth exhausted/i },
  { errorClass: 'quota', codes: /^RESOURCE_EXHAUSTED$/, message: /quota|limit|max(imum)? size/i, mark: QUOTA_MARK },
  { errorClass: 'capacity', codes: /^RESOURCE_EXHAUSTED$/ },
  { errorClass: 'auth', codes: /^(UNAUTHENTICATED|PERMISSION_DENIED)$/ },
  { errorClass: 'conflict', codes: /^ALREADY_EXISTS$/ },
  {
    errorClass: 'config',
    codes: /^(INVALID_ARGUMENT|NOT_FOUND|FAILED_PRECONDITION|OUT_OF_RANGE|UNIMPLEMENTED)$/,
  },
  // CANCELLED, DEADLINE_EXCEEDED, ABORTED, INTERNAL, UNAVAILABLE, DATA_LOSS, and UNKNOWN of whatever else.
  { errorClass: 'transient', codes: /./ },
];

const THROTTLED: Rule = { errorClass: 'throttled', codes: /^(RESOURCE_EXHAUSTED|UNAVAILABLE)$/ };

/** What a failed call means. One that says when to call again is throttled. */
export function grpcError({ code, details, pushbackMs }: GrpcFailure): ProviderError {
  const waitMs = /^\d{1,9}$/.test(pushbackMs ?? '') ? Number(pushbackMs) : null;
  const rules = waitMs === null ? RULES : [THROTTLED, ...RULES];
  const name = STATUS_NAMES[code] ?? `status ${code}`;
  return classified({ status: null, code: name, message: details, retryAfterMs: waitMs }, rules, MARK);
}

/** Why a machine of a group was not made. */
export interface InstanceFailure {
  readonly errorCode: string;
  readonly errorMessage: string;
  /** 1: out of resources, which may be a quota; 99: anything else. */
  readonly instanceErrorClass: number;
}

const OUT_OF_RESOURCES = 1;
const INSTANCE_RULES: readonly Rule[] = [
  { errorClass: 'quota', codes: /quota|limit.?exceeded/i, mark: QUOTA_MARK },
  { errorClass: 'quota', codes: /./, message: /quota/i, mark: QUOTA_MARK },
  { errorClass: 'capacity', codes: /./ },
];
const OTHER_RULES: readonly Rule[] = [{ errorClass: 'config', codes: /./ }];

export function instanceError({ errorCode, errorMessage, instanceErrorClass }: InstanceFailure): ProviderError {
  const rules = instanceErrorClass === OUT_OF_RESOURCES ? INSTANCE_RULES : OTHER_RULES;
  return classified({ status: null, code: errorCode, message: errorMessage, retryAfterMs: null }, rules, MARK);
}
