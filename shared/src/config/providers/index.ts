import { z } from 'zod';
import { name, section } from '../issues.ts';
import { awsProvider } from './aws.ts';
import { azureProvider } from './azure.ts';
import { bufferProvider } from './buffer.ts';
import { clusterApiProvider } from './clusterapi.ts';
import { dockerProvider } from './docker.ts';
import { externalGrpcProvider } from './externalgrpc.ts';
import { gcpProvider } from './gcp.ts';
import { hetznerProvider } from './hetzner.ts';
import { simulatedProvider } from './simulated.ts';

const noProvider = section({ kind: z.literal('none') });

const SINGLE = [
  noProvider,
  simulatedProvider,
  bufferProvider,
  dockerProvider,
  awsProvider,
  gcpProvider,
  azureProvider,
  hetznerProvider,
  clusterApiProvider,
  externalGrpcProvider,
] as const;
const KINDS = [
  'none',
  'simulated',
  'buffer',
  'docker',
  'aws',
  'gcp',
  'azure',
  'hetzner',
  'clusterapi',
  'externalgrpc',
] as const;

/** `provider: none` is short for `provider: { kind: none }`. */
const kindAlone = (raw: unknown) => (typeof raw === 'string' ? { kind: raw } : raw);

const singleProvider = z.preprocess(
  kindAlone,
  z.discriminatedUnion('kind', SINGLE, { error: `allowed: a provider of kind ${KINDS.join(', ')}` }),
);

function makesMachines({ kind }: z.output<typeof singleProvider>): boolean {
  return kind !== 'none' && kind !== 'buffer';
}

/** Several, by names that offerings refer to; what names none is bought from the first. */
const mixedProvider = section({
  kind: z.literal('mixed'),
  providers: z
    .record(name, singleProvider, { error: 'allowed: a map of names to providers' })
    .refine((named) => Object.keys(named).length > 0 && Object.values(named).every(makesMachines), {
      error: 'allowed: at least one provider, and none of kind none or buffer',
    }),
});

export const providerSchema = z.preprocess(
  kindAlone,
  z.discriminatedUnion('kind', [...SINGLE, mixedProvider], {
    error: `allowed: a provider of kind ${[...KINDS, 'mixed'].join(', ')}`,
  }),
);

export type SingleProviderConfig = z.output<typeof singleProvider>;
export type ProviderConfig = z.output<typeof providerSchema>;

/** The provider with what it inherits from the root. */
export function completeProvider(config: ProviderConfig, namespace: string): ProviderConfig {
  if (config.kind !== 'buffer' || config.namespace !== '') return config;
  return { ...config, namespace };
}

/** The providers of a pool by name; one alone has the name ''. */
export function providersOf(config: ProviderConfig): ReadonlyMap<string, SingleProviderConfig> {
  return config.kind === 'mixed' ? new Map(Object.entries(config.providers)) : new Map([['', config]]);
}
