import { awsError } from './aws/errors.ts';
import { azureError } from './azure/errors.ts';
import { dockerError } from './docker/errors.ts';
import type { ErrorClass, Mark, ProviderError } from './errors.ts';
import { gcpError } from './gcp/errors.ts';
import { hetznerError } from './hetzner/errors.ts';

/** An answer in the shape in which a cloud gives it, and what it has to mean. */
export interface Recorded {
  readonly name: string;
  readonly error: ProviderError | null;
  readonly errorClass: ErrorClass | null;
  /** Of those that mark an offering. */
  readonly minutes: number | null;
  readonly scope: Mark['scope'] | null;
}

type Marks = readonly [minutes: number, scope?: Mark['scope']];

function recorded(name: string, error: ProviderError | null, errorClass: ErrorClass | null, marks?: Marks): Recorded {
  const [minutes = null, scope = marks ? 'offering' : null] = marks ?? [];
  return { name, error, errorClass, minutes, scope };
}

/** As `@aws-sdk/client-ec2` throws it: EC2's XML has become an error whose name is the code. */
const thrown = (name: string, httpStatusCode: number, message = 'as EC2 says it') =>
  Object.assign(new Error(message), {
    name,
    Code: name,
    $fault: httpStatusCode >= 500 ? 'server' : 'client',
    $metadata: { httpStatusCode, requestId: '59dbff89-35bd-4eac-99ed-be587EXAMPLE', attempts: 1, totalRetryDelay: 0 },
  });

/** As a fleet of type `instant` lists it, in an answer of 200. */
const fleet = (ErrorCode: string, Lifecycle: 'spot' | 'on-demand' = 'on-demand') => ({
  LaunchTemplateAndOverrides: {
    LaunchTemplateSpecification: { LaunchTemplateId: 'lt-0a1b2c3d4e5f67890', Version: '3' },
    Overrides: { InstanceType: 'm7g.xlarge', SubnetId: 'subnet-0aaa', AvailabilityZone: 'us-east-1a' },
  },
  Lifecycle,
  ErrorCode,
  ErrorMessage: `${ErrorCode}, as EC2 says it`,
});

const aws = (code: string, errorClass: ErrorClass, status: number, marks?: Marks) =>
  recorded(`aws ${code}`, awsError(thrown(code, status)), errorClass, marks);
const awsFleet = (code: string, errorClass: ErrorClass, marks: Marks) =>
  recorded(`aws fleet ${code}`, awsError(fleet(code)), errorClass, marks);

const AWS: readonly Recorded[] = [
  ...['InsufficientInstanceCapacity', 'UnfulfillableCapacity', 'Unsupported', 'ReservationCapacityExceeded'].map(
    (code) => awsFleet(code, 'capacity', [3]),
  ),
  recorded('aws fleet SpotMaxPriceTooLow', awsError(fleet('SpotMaxPriceTooLow', 'spot')), 'capacity', [3]),
  awsFleet('InsufficientFreeAddressesInSubnet', 'capacity', [3, 'zone']),
  // With HTTP 500, which is no failure of the server's.
  aws('InsufficientInstanceCapacity', 'capacity', 500, [3]),
  awsFleet('VcpuLimitExceeded', 'quota', [10]),
  awsFleet('MaxSpotInstanceCountExceeded', 'quota', [10, 'spot']),
  aws('MaxFleetCountExceeded', 'quota', 400, [10, 'region']),
  aws('RequestLimitExceeded', 'throttled', 503),
  aws('Throttling', 'throttled', 400),
  aws('InternalError', 'transient', 500),
  aws('Unavailable', 'transient', 503),
  recorded('aws reset', awsError(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })), 'transient'),
  recorded('aws timeout', awsError(Object.assign(new Error('no answer'), { name: 'TimeoutError' })), 'transient'),
  aws('UnauthorizedOperation', 'auth', 403),
  aws('AuthFailure', 'auth', 401),
  aws('AuthFailure.ServiceLinkedRoleCreationNotPermitted', 'auth', 403),
  aws('ExpiredToken', 'auth', 400),
  aws('InvalidParameterValue', 'config', 400, [3]),
  aws('InvalidAMIID.NotFound', 'config', 400, [3]),
  aws('IdempotentParameterMismatch', 'config', 400, [3]),
];

const gcpRefusal = (code: number, reason: string, message = 'as Compute Engine says it') =>
  gcpError({
    status: code,
    headers: { 'content-type': 'application/json; charset=UTF-8' },
    body: { error: { code, message, errors: [{ message, domain: 'usageLimits', reason }] } },
  });
const gcpOperation = (code: string, httpErrorStatusCode: number, message = 'as Compute Engine says it') =>
  gcpError({
    status: 200,
    headers: {},
    body: {
      kind: 'compute#operation',
      name: 'operation-1719427341981-61bcf4d0',
      operationType: 'insert',
      status: 'DONE',
      progress: 100,
      httpErrorStatusCode,
      httpErrorMessage: 'SERVICE UNAVAILABLE',
      error: { errors: [{ code, message, errorDetails: [{ help: { links: [] } }] }] },
    },
  });

const GCP: readonly Recorded[] = [
  ...['ZONE_RESOURCE_POOL_EXHAUSTED', 'ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS'].map((code) =>
    recorded(`gcp operation ${code}`, gcpOperation(code, 503), 'capacity', [30]),
  ),
  recorded('gcp 503 insufficientCapacity', gcpRefusal(503, 'insufficientCapacity'), 'capacity', [30]),
  recorded('gcp operation IP_SPACE_EXHAUSTED', gcpOperation('IP_SPACE_EXHAUSTED', 400), 'capacity', [30, 'region']),
  recorded('gcp 403 quotaExceeded', gcpRefusal(403, 'quotaExceeded', "Quota 'CPUS' exceeded."), 'quota', [30]),
  recorded('gcp operation QUOTA_EXCEEDED', gcpOperation('QUOTA_EXCEEDED', 403), 'quota', [30]),
  recorded(
    'gcp operation QUOTA_EXCEEDED of spot',
    gcpOperation('QUOTA_EXCEEDED', 403, "Quota 'PREEMPTIBLE_CPUS' exceeded.  Limit: 8.0 in region us-central1."),
    'quota',
    [30, 'spot'],
  ),
  recorded('gcp 403 rateLimitExceeded', gcpRefusal(403, 'rateLimitExceeded'), 'throttled'),
  recorded('gcp 429', gcpError({ status: 429, headers: {}, body: undefined }), 'throttled'),
  recorded('gcp 503 backendError', gcpRefusal(503, 'backendError'), 'transient'),
  recorded('gcp 502 without a word', gcpError({ status: 502, headers: {}, body: undefined }), 'transient'),
  recorded('gcp operation PERMISSIONS_ERROR', gcpOperation('PERMISSIONS_ERROR', 403), 'auth'),
  recorded('gcp 403 forbidden', gcpRefusal(403, 'forbidden'), 'auth'),
  recorded('gcp 401 authError', gcpRefusal(401, 'authError'), 'auth'),
  recorded('gcp 401 required', gcpRefusal(401, 'required', 'Login Required.'), 'auth'),
  recorded('gcp 400 required', gcpRefusal(400, 'required', "Required field 'resource' not specified"), 'config', [30]),
  recorded('gcp 404 notFound', gcpRefusal(404, 'notFound'), 'config', [30]),
  recorded('gcp 400 resourceNotReady', gcpRefusal(400, 'resourceNotReady'), 'transient'),
  recorded(
    'gcp operation CONCURRENT_OPERATIONS_QUOTA_EXCEEDED',
    gcpOperation('CONCURRENT_OPERATIONS_QUOTA_EXCEEDED', 403),
    'throttled',
  ),
  recorded('gcp operation RESOURCE_POOL_EXHAUSTED', gcpOperation('RESOURCE_POOL_EXHAUSTED', 503), 'capacity', [30]),
  recorded('gcp operation RESOURCE_ALREADY_EXISTS', gcpOperation('RESOURCE_ALREADY_EXISTS', 409), 'conflict'),
  recorded(
    'gcp operation CONDITION_NOT_MET',
    gcpOperation('CONDITION_NOT_MET', 412, "Constraint 'constraints/compute.vmExternalIpAccess' violated."),
    'config',
    [30],
  ),
  recorded('gcp 400 invalid', gcpRefusal(400, 'invalid'), 'config', [30]),
  recorded('gcp 409 alreadyExists', gcpRefusal(409, 'alreadyExists'), 'conflict'),
];

const azure = (status: number, code: string, message = 'as Azure says it', spot = false) =>
  azureError({ status, headers: {}, body: { error: { code, message } } }, spot ? 'spot' : 'on_demand');
const full = (quota: string) =>
  `Operation could not be completed as it results in exceeding approved ${quota} quota. Additional details - Deployment Model: Resource Manager, Location: eastus, Current Limit: 100, Current Usage: 96, Additional Required: 8, (Minimum) New Limit Required: 104.`;

const AZURE: readonly Recorded[] = [
  recorded('azure SkuNotAvailable on demand', azure(409, 'SkuNotAvailable'), 'capacity', [23 * 60]),
  recorded('azure SkuNotAvailable spot', azure(409, 'SkuNotAvailable', 'no', true), 'capacity', [60]),
  ...[
    'AllocationFailed',
    'ZonalAllocationFailed',
    'OverconstrainedAllocationRequest',
    'OverconstrainedZonalAllocationRequest',
  ].map((code) => recorded(`azure ${code}`, azure(409, code), 'capacity', [60])),
  recorded(
    'azure operation AllocationFailed',
    azureError(
      {
        status: 200,
        headers: {},
        body: { status: 'Failed', error: { code: 'DeploymentFailed', details: [{ code: 'AllocationFailed' }] } },
      },
      'on_demand',
    ),
    'capacity',
    [60],
  ),
  recorded('azure quota of spot', azure(409, 'OperationNotAllowed', full('LowPriorityCores'), true), 'quota', [
    10,
    'spot',
  ]),
  recorded(
    'azure quota of a family',
    azure(409, 'OperationNotAllowed', full('standardDSv5Family Cores')),
    'quota',
    [10],
  ),
  recorded('azure quota of a region', azure(409, 'OperationNotAllowed', full('Total Regional Cores')), 'quota', [
    10,
    'region',
  ]),
  recorded(
    'azure OperationNotAllowed otherwise',
    azure(409, 'OperationNotAllowed', 'The disk is attached.'),
    'config',
    [3],
  ),
  recorded(
    'azure 429',
    azureError(
      { status: 429, headers: { 'retry-after': '17' }, body: { error: { code: 'OperationNotAllowed' } } },
      'spot',
    ),
    'throttled',
  ),
  recorded('azure 500', azure(500, 'InternalServerError'), 'transient'),
  recorded('azure 504', azureError({ status: 504, headers: {}, body: undefined }, 'spot'), 'transient'),
  recorded('azure AuthorizationFailed', azure(403, 'AuthorizationFailed'), 'auth'),
  recorded('azure ExpiredAuthenticationToken', azure(401, 'ExpiredAuthenticationToken'), 'auth'),
  recorded('azure LinkedAuthorizationFailed', azure(403, 'LinkedAuthorizationFailed'), 'auth'),
  recorded('azure ScopeLocked', azure(409, 'ScopeLocked', 'The scope cannot perform write operation'), 'auth'),
  // A lock on one machine is no reason to leave all others.
  recorded(
    'azure ScopeLocked of a deletion',
    azure(409, 'ScopeLocked', 'The scope cannot perform delete operation because following scope(s) are locked'),
    ...(['config', [3]] as const),
  ),
  recorded('azure SubnetIsFull', azure(400, 'SubnetIsFull'), 'capacity', [3, 'region']),
  recorded('azure PublicIPCountLimitReached', azure(400, 'PublicIPCountLimitReached'), 'quota', [10, 'region']),
  recorded(
    'azure busy node pool',
    azure(409, 'OperationNotAllowed', "Operation is not allowed because there's an in progress scale operation."),
    'throttled',
  ),
  recorded('azure OperationPreempted', azure(409, 'OperationPreempted'), 'transient'),
  recorded(
    'azure node pool without wrapping',
    azureError(
      { status: 400, headers: {}, body: { code: 'ErrCode_InsufficientVCPUQuota', details: null, message: 'no' } },
      'on_demand',
    ),
    'quota',
    [10],
  ),
  recorded('azure 400', azure(400, 'InvalidParameter'), 'config', [3]),
  recorded('azure 412', azureError({ status: 412, headers: {}, body: undefined }, 'spot'), 'conflict'),
];

const hetzner = (status: number, code: string) =>
  hetznerError({ status, headers: {}, body: { error: { code, message: 'as Hetzner says it', details: {} } } });

const HETZNER: readonly Recorded[] = [
  recorded('hetzner resource_unavailable', hetzner(412, 'resource_unavailable'), 'capacity', [3]),
  recorded('hetzner placement_error', hetzner(412, 'placement_error'), 'capacity', [3]),
  recorded(
    'hetzner action resource_unavailable',
    hetznerError({
      status: 200,
      headers: {},
      body: { action: { command: 'create_server', status: 'error', error: { code: 'resource_unavailable' } } },
    }),
    'capacity',
    [3],
  ),
  recorded('hetzner resource_limit_exceeded', hetzner(403, 'resource_limit_exceeded'), 'quota', [10]),
  recorded('hetzner rate_limit_exceeded', hetzner(429, 'rate_limit_exceeded'), 'throttled'),
  ...['server_error', 'timeout', 'conflict', 'locked'].map((code, index) =>
    recorded(`hetzner ${code}`, hetzner([500, 504, 409, 423][index] as number, code), 'transient'),
  ),
  recorded('hetzner unauthorized', hetzner(401, 'unauthorized'), 'auth'),
  recorded('hetzner forbidden', hetzner(403, 'forbidden'), 'auth'),
  // One server whose deletion somebody has forbidden.
  recorded('hetzner protected', hetzner(403, 'protected'), 'config', [3]),
  recorded('hetzner invalid_input', hetzner(422, 'invalid_input'), 'config', [3]),
  recorded('hetzner uniqueness_error', hetzner(409, 'uniqueness_error'), 'conflict'),
];

const docker = (call: 'create' | 'start' | 'remove', status: number, message = 'as the engine says it') =>
  dockerError(call, { status, headers: {}, body: { message } });

const DOCKER: readonly Recorded[] = [
  recorded('docker create 409', docker('create', 409, 'Conflict. The container name "/n" is in use'), 'conflict'),
  recorded('docker create 404', docker('create', 404, 'No such image: rancher/k3s:v1'), 'config', [3]),
  recorded('docker create 500', docker('create', 500), 'transient'),
  recorded('docker create on a full disk', docker('create', 500, 'mkdir /x: no space left on device'), 'capacity', [3]),
  recorded('docker start 304', docker('start', 304), null),
  recorded('docker start 400', docker('start', 400), 'config', [3]),
  recorded('docker remove 404', docker('remove', 404), null),
  recorded('docker remove 409', docker('remove', 409), null),
];

export const RECORDED: readonly Recorded[] = [...AWS, ...GCP, ...AZURE, ...HETZNER, ...DOCKER];
