import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openProvider } from '@forescale/actuator/providers';
import { type AzureConfig, type OfferingConfig, parseConfig, providersOf } from '@forescale/shared/config';
import { ManualClock } from '@forescale/shared/time';
import {
  GROUPS_NOT_APPLICABLE,
  NOT_APPLICABLE,
} from '../../../services/actuator/src/providers/azure/not-applicable.ts';
import type { Target } from '../target.ts';
import { AzureEndpoint, TOKEN } from './endpoint.ts';
import type { FleetOptions } from './fleet.ts';

const START_MS = Date.parse('2026-03-02T08:00:00Z');
const SIZE = 'Standard_D4s_v5';
const SUBSCRIPTION = '0a1b2c3d-0000-4000-8000-00000000000a';
const IN_GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/nodes/providers`;
export const JOIN_TOKEN = 'K10a1b2c3d::server:5ecre7';

export type Mode = 'machines' | 'uniform' | 'flexible' | 'aks';

/** With everything that a machine may have. */
export const MACHINES = {
  subnet: `${IN_GROUP}/Microsoft.Network/virtualNetworks/nodes/subnets/nodes`,
  security_group: `${IN_GROUP}/Microsoft.Network/networkSecurityGroups/nodes`,
  public_ip: true,
  image: 'Canonical:ubuntu-24_04-lts:server:latest',
  ssh_public_key: `ssh-ed25519 ${'A'.repeat(68)} ops@example.org`,
  disk_gb: 64,
};

function fleetOf(isSpot: boolean, isFlexible: boolean): FleetOptions {
  return { name: isSpot ? 'spot' : 'base', size: SIZE, isSpot, zone: '1', isFlexible };
}

const GROUPS = [
  { name: 'base', instance_type: SIZE, zone: '1' },
  { name: 'spot', instance_type: SIZE, zone: '1', capacity_type: 'spot' },
];

export interface AzureTarget extends Target {
  readonly config: AzureConfig;
  readonly endpoint: AzureEndpoint;
}

/** The provider in one of its modes, opened from a configuration as a user writes it. */
export async function openAzureTarget(
  mode: Mode,
  change: Readonly<Record<string, unknown>> = {},
): Promise<AzureTarget> {
  const clock = new ManualClock(START_MS);
  const fleets = [false, true].map((isSpot) => fleetOf(isSpot, mode === 'flexible'));
  const endpoint = new AzureEndpoint(clock, {
    ...{ subscriptionId: SUBSCRIPTION, resourceGroup: 'nodes', cluster: 'shop' },
    scaleSets: mode === 'uniform' || mode === 'flexible' ? fleets : [],
    agentPools: mode === 'aks' ? fleets : [],
  });
  const url = await endpoint.listen();
  const directory = await mkdtemp(join(tmpdir(), 'forescale-azure-'));
  await writeFile(join(directory, 'token'), `${TOKEN}\n`);
  await writeFile(join(directory, 'join'), JOIN_TOKEN);
  const joins = { kind: 'k3s', server: 'https://10.0.0.2:6443', version: 'v1.34.1+k3s1' };
  const raw = {
    ...{ kind: 'azure', subscription_id: SUBSCRIPTION, resource_group: 'nodes' },
    ...{ endpoint: url, prices_endpoint: url, token_file: join(directory, 'token') },
    ...(mode === 'machines' && { machines: { ...MACHINES, join: { ...joins, token_file: join(directory, 'join') } } }),
    ...(mode === 'aks' && { aks: { cluster: 'shop', agent_pools: GROUPS } }),
    ...((mode === 'uniform' || mode === 'flexible') && { scale_sets: GROUPS }),
    ...change,
  };
  const config = configOf(raw);
  return {
    ...{ config, provider: await openProvider(config, { clock, kube: null }), clock, endpoint },
    ...{ onDemand: offering('on_demand'), spot: offering('spot') },
    notApplicable: mode === 'machines' ? NOT_APPLICABLE : GROUPS_NOT_APPLICABLE,
    async close() {
      await endpoint.close();
      await rm(directory, { recursive: true });
    },
  };
}

function configOf(raw: Readonly<Record<string, unknown>>): AzureConfig {
  const [pool] = parseConfig(JSON.stringify({ autoscaler: { pools: [{ provider: raw }] } }), 'test', {}).pools;
  const [config] = pool ? providersOf(pool.provider).values() : [];
  if (config?.kind !== 'azure') throw new Error('no provider');
  return config;
}

export function offering(capacityType: OfferingConfig['capacityType']): OfferingConfig {
  return {
    ...{ provider: '', instanceType: SIZE, region: 'westeurope', zone: 'westeurope-1', capacityType },
    ...{ usdPerHour: 0.23, allocatable: null, interruption: null },
  };
}
