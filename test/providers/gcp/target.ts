import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openProvider } from '@forescale/actuator/providers';
import { GROUPS_NOT_APPLICABLE, NOT_APPLICABLE } from '@forescale/actuator/providers/gcp';
import type { GcpConfig, OfferingConfig } from '@forescale/shared/config';
import { ManualClock } from '@forescale/shared/time';
import { providerConfig } from '../provider-config.ts';
import type { Target } from '../target.ts';
import { PROJECT } from './cloud.ts';
import { GcpEndpoint, TOKEN } from './endpoint.ts';

const START_MS = Date.UTC(2026, 2, 2);

export const MACHINES = {
  image: 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-amd64',
  subnetworks: { 'us-central1': 'regions/us-central1/subnetworks/nodes' },
  service_account: `nodes@${PROJECT}.iam.gserviceaccount.com`,
  network_tags: ['k3s-agent'],
  labels: { team: 'shop' },
  public_ip: true,
};

const offering = (capacityType: 'on_demand' | 'spot', zone = 'us-central1-a'): OfferingConfig => ({
  ...{ provider: '', instanceType: 'e2-standard-4', region: 'us-central1', zone, capacityType },
  ...{ usdPerHour: 0.134, allocatable: null, interruption: null },
});
export const ON_DEMAND = offering('on_demand');
export const SPOT = offering('spot');

export interface GcpTarget extends Target {
  readonly config: GcpConfig;
  readonly endpoint: GcpEndpoint;
}

/** Opens a provider of this section on a new end point; `prepare` says what is there before. */
export async function openTarget(
  section: object,
  prepare: (endpoint: GcpEndpoint) => void = () => undefined,
): Promise<GcpTarget> {
  const clock = new ManualClock(START_MS);
  const endpoint = new GcpEndpoint(clock);
  const url = await endpoint.listen();
  prepare(endpoint);
  const folder = await mkdtemp(join(tmpdir(), 'forescale-gcp-'));
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, `${TOKEN}\n`);
  const endpoints = { endpoint: url, container_endpoint: url, resource_manager_endpoint: url };
  const access = { project: PROJECT, token_file: tokenFile, ...endpoints };
  const config = providerConfig({ kind: 'gcp', ...access, ...section });
  return {
    ...{ config, clock, endpoint, onDemand: ON_DEMAND },
    provider: await openProvider(config, { clock, kube: null }),
    spot: config.machines === null ? null : SPOT,
    notApplicable: config.machines === null ? GROUPS_NOT_APPLICABLE : NOT_APPLICABLE,
    async close() {
      await rm(folder, { recursive: true });
      await endpoint.close();
    },
  };
}

export const openMachines = () => openTarget({ machines: MACHINES });

const SOLD = { instance_type: 'e2-standard-4', machineType: 'e2-standard-4', model: 'STANDARD' } as const;

/** A managed instance group of one zone. */
export const openZonalGroup = () => openGroup('us-central1-a', ['us-central1-a']);

/** One that is spread over a region's zones; the offering names the one that is sold out in tests. */
export const openRegionalGroup = () => openGroup('us-central1', ['us-central1-a']);

function openGroup(location: string, zones: readonly string[]): Promise<GcpTarget> {
  const { instance_type, machineType, model } = SOLD;
  return openTarget({ instance_groups: [{ name: 'web', location, instance_type }] }, (endpoint) => {
    endpoint.addGroup({ location, name: 'web', machineType, model, zones });
  });
}

/** A node pool of GKE, which has a group in each of two zones. */
export function openNodePool(): Promise<GcpTarget> {
  const { instance_type, machineType, model } = SOLD;
  const gke = { cluster: 'prod', location: 'us-central1', node_pools: [{ name: 'web', instance_type }] };
  return openTarget({ gke }, (endpoint) => {
    const groups = ['us-central1-a', 'us-central1-b'].map((location) =>
      endpoint.addGroup({ location, name: `gke-prod-web-1a2b3c4d-grp`, machineType, model, zones: [location] }),
    );
    endpoint.nodePools.set('web', { groups, isAutoscaled: false });
  });
}
