import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openProvider } from '@forescale/actuator/providers';
import type { AwsConfig, OfferingConfig } from '@forescale/shared/config';
import { ManualClock } from '@forescale/shared/time';
import { expect } from 'vitest';
import { GROUPS_NOT_APPLICABLE, NOT_APPLICABLE } from '../../../services/actuator/src/providers/aws/not-applicable.ts';
import { providerConfig } from '../provider-config.ts';
import type { Target } from '../target.ts';
import { AwsEndpoint } from './endpoint.ts';

const START_MS = Date.UTC(2026, 2, 2);

/** By zone, as in the configuration. */
const SUBNETS = {
  'us-east-1a': ['subnet-0aaaaaaaa', 'subnet-0aaaaaaab'],
  'us-east-1b': ['subnet-0bbbbbbbb'],
};

const offering = (capacityType: 'on_demand' | 'spot', usdPerHour: number): OfferingConfig => ({
  provider: '',
  instanceType: 'm6i.large',
  region: 'us-east-1',
  zone: 'us-east-1a',
  capacityType,
  usdPerHour,
  allocatable: null,
  interruption: null,
});
export const ON_DEMAND = offering('on_demand', 0.096);
export const SPOT = offering('spot', 0.03);

export interface AwsTarget extends Target {
  readonly config: AwsConfig;
  readonly endpoint: AwsEndpoint;
  readonly tokenFile: string;
}

/** The SDK's own chain finds these, and nothing of whoever runs the tests. */
const ENVIRONMENT = {
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'not-a-secret',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
};

function machinesIn(tokenFile: string) {
  return {
    regions: {
      'us-east-1': { subnets: SUBNETS, image: 'ami-0123456789abcdef0', security_groups: ['sg-0123456789abcdef0'] },
    },
    machine: { instance_profile: 'forescale-node', key_name: 'ops', root_volume: { device: '/dev/xvda', gib: 40 } },
    tags: { team: 'platform' },
    join: { kind: 'k3s', server: 'https://10.0.0.2:6443', version: 'v1.34.1+k3s1', token_file: tokenFile },
  };
}

const GROUPS = {
  groups: [
    { name: 'web', region: 'us-east-1', instance_types: ['m6i.large'] },
    { name: 'web-spot', region: 'us-east-1', instance_types: ['m6i.large'], capacity_type: 'spot' },
  ],
};

/** The end point, and the provider as its configuration has it. `change`: other keys of that, or others' values. */
async function openTarget(mode: 'machines' | 'groups', change: object): Promise<AwsTarget> {
  Object.assign(process.env, ENVIRONMENT);
  delete process.env.AWS_PROFILE;
  const clock = new ManualClock(START_MS);
  const zones = Object.entries(SUBNETS).flatMap(([zone, subnets]) => subnets.map((one) => [one, zone] as const));
  const endpoint = await new AwsEndpoint(clock, new Map(zones)).listen();
  const { url } = endpoint;
  const sells = { zones: ['us-east-1a'], types: ['m6i.large'], region: 'us-east-1', minSize: 0, maxSize: 30 };
  endpoint.scaling.add({ ...sells, name: 'web', lifecycle: 'on-demand' });
  endpoint.scaling.add({ ...sells, name: 'web-spot', lifecycle: 'spot' });
  endpoint.priceList.onDemand.set('m6i.large us-east-1', 0.096);
  for (const zone of Object.keys(SUBNETS)) endpoint.ec2.spotPrices.set(`m6i.large ${zone}`, 0.031);
  const folder = mkdtempSync(join(tmpdir(), 'forescale-aws-'));
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, 'K10abc::server:hunter2\n');
  const raw = {
    kind: 'aws' as const,
    ...(mode === 'machines' ? machinesIn(tokenFile) : GROUPS),
    interruption_queues: { 'us-east-1': endpoint.queueUrl },
    endpoints: { ec2: url, autoscaling: url, sqs: url, pricing: url },
    ...change,
  };
  const config = providerConfig(raw);
  return {
    ...{ config, clock, endpoint, tokenFile, onDemand: ON_DEMAND, spot: SPOT },
    provider: await openProvider(config, { clock, kube: null }),
    notApplicable: mode === 'machines' ? NOT_APPLICABLE : GROUPS_NOT_APPLICABLE,
    async close() {
      await endpoint.close();
      rmSync(folder, { recursive: true });
      expect(endpoint.misuses, 'every request is as the published models have it').toEqual([]);
    },
  };
}

export const openMachines = (change: object = {}) => openTarget('machines', change);
export const openGroups = (change: object = {}) => openTarget('groups', change);
