import { openProvider } from '@forescale/actuator/providers';
import { type OfferingConfig, parseConfig, providersOf, type SingleProviderConfig } from '@forescale/shared/config';
import { ManualClock } from '@forescale/shared/time';
import { NOT_APPLICABLE } from '../../../services/actuator/src/providers/externalgrpc/not-applicable.ts';
import type { Target } from '../target.ts';
import { ExternalGrpcEndpoint } from './endpoint.ts';
import { Group, offeringOf } from './groups.ts';

const START_MS = Date.UTC(2026, 2, 2);
const MAX_SIZE = 50;

export const ON_DEMAND = offeringOf('on_demand');
const SPOT = offeringOf('spot');
const groupOf = ({ capacityType }: OfferingConfig) => `workers-${capacityType}`;

/** The configuration of a provider, as it comes out of a file. */
export function externalGrpcConfig(provider: object): SingleProviderConfig {
  const sold = [ON_DEMAND, SPOT].map((offering) => ({
    id: groupOf(offering),
    instance_type: offering.instanceType,
    zone: offering.zone,
    capacity_type: offering.capacityType,
  }));
  const pool = { provider: { kind: 'externalgrpc', groups: sold, ...provider } };
  const [parsed] = parseConfig(JSON.stringify({ autoscaler: { pools: [pool] } }), 'test', {}).pools;
  const [config] = parsed ? providersOf(parsed.provider).values() : [];
  if (!config) throw new Error('no provider');
  return config;
}

export function newEndpoint(clock: ManualClock): ExternalGrpcEndpoint {
  const groups = [ON_DEMAND, SPOT].map(
    (offering) => new Group(groupOf(offering), { minSize: 0, maxSize: MAX_SIZE }, clock),
  );
  const endpoint = new ExternalGrpcEndpoint(groups, groupOf, clock);
  const priced = [ON_DEMAND, SPOT].map(
    ({ instanceType, capacityType, usdPerHour }) => [`${instanceType} ${capacityType}`, usdPerHour] as const,
  );
  endpoint.prices = new Map(priced);
  return endpoint;
}

export interface ExternalGrpcTarget extends Target {
  readonly endpoint: ExternalGrpcEndpoint;
}

export async function openExternalGrpcTarget(): Promise<ExternalGrpcTarget> {
  const clock = new ManualClock(START_MS);
  const endpoint = newEndpoint(clock);
  const config = externalGrpcConfig({ address: await endpoint.listen() });
  const provider = await openProvider(config, { clock, kube: null });
  const notApplicable = NOT_APPLICABLE;
  return {
    ...{ config, provider, clock, endpoint, notApplicable, onDemand: ON_DEMAND, spot: SPOT },
    close: () => endpoint.close(),
  };
}
