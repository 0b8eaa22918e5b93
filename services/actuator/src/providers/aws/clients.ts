import type { AutoScaling } from '@aws-sdk/client-auto-scaling';
import type { EC2 } from '@aws-sdk/client-ec2';
import type { Pricing } from '@aws-sdk/client-pricing';
import type { SQS } from '@aws-sdk/client-sqs';
import type { AwsConfig } from '@forescale/shared/config';
import { optionalPackage } from '../optional-package.ts';
import { awsError } from './errors.ts';

const CONNECT_MS_MAX = 5_000;

const PACKAGES = {
  ec2: () => optionalPackage('aws', '@aws-sdk/client-ec2', () => import('@aws-sdk/client-ec2')),
  autoScaling: () =>
    optionalPackage('aws', '@aws-sdk/client-auto-scaling', () => import('@aws-sdk/client-auto-scaling')),
  sqs: () => optionalPackage('aws', '@aws-sdk/client-sqs', () => import('@aws-sdk/client-sqs')),
  pricing: () => optionalPackage('aws', '@aws-sdk/client-pricing', () => import('@aws-sdk/client-pricing')),
};

/** Loads what the configuration will certainly call, so that a package that is missing is told of at the start. */
export async function loadPackages({ groups, interruptionQueues }: AwsConfig): Promise<void> {
  await PACKAGES.ec2();
  if (groups.length > 0) await PACKAGES.autoScaling();
  if (Object.keys(interruptionQueues).length > 0) await PACKAGES.sqs();
}

/**
 * AWS' clients, one a service and region, each package loaded when its first call is made. Credentials come by the SDK's own
 * chain: environment, shared files, the container's or the instance's role. Nothing is repeated here, since an SDK's
 * repetition is a call that neither pace nor breaker know of.
 */
export class AwsClients {
  readonly #config: Pick<AwsConfig, 'endpoints' | 'concurrency'>;
  readonly #open = new Map<string, Promise<unknown>>();

  constructor(config: Pick<AwsConfig, 'endpoints' | 'concurrency'>) {
    this.#config = config;
  }

  ec2(region: string): Promise<EC2> {
    const { ec2: endpoint } = this.#config.endpoints;
    return this.#of('ec2', region, async () => new (await PACKAGES.ec2()).EC2(this.#options(region, endpoint)));
  }

  autoScaling(region: string): Promise<AutoScaling> {
    const { autoscaling: endpoint } = this.#config.endpoints;
    return this.#of('autoscaling', region, async () => {
      const { AutoScaling: Client } = await PACKAGES.autoScaling();
      return new Client(this.#options(region, endpoint));
    });
  }

  sqs(region: string): Promise<SQS> {
    const { sqs: endpoint } = this.#config.endpoints;
    return this.#of('sqs', region, async () => new (await PACKAGES.sqs()).SQS(this.#options(region, endpoint)));
  }

  pricing(region: string): Promise<Pricing> {
    const { pricing: endpoint } = this.#config.endpoints;
    return this.#of('pricing', region, async () => {
      const { Pricing: Client } = await PACKAGES.pricing();
      return new Client(this.#options(region, endpoint));
    });
  }

  #of<Client>(service: string, region: string, open: () => Promise<Client>): Promise<Client> {
    const key = `${service} ${region}`;
    const known = this.#open.get(key) as Promise<Client> | undefined;
    if (known !== undefined) return known;
    const opened = open();
    this.#open.set(key, opened);
    return opened;
  }

  #options(region: string, endpoint: string | undefined) {
    const agent = { keepAlive: true, maxSockets: this.#config.concurrency };
    return {
      region,
      maxAttempts: 1,
      requestHandler: { connectionTimeout: CONNECT_MS_MAX, httpAgent: agent, httpsAgent: agent },
      ...(endpoint !== undefined && { endpoint }),
    };
  }
}

/** The answer of a call, whose failure is told as a `ProviderError`. */
export async function answered<Answer>(call: Promise<Answer>): Promise<Answer> {
  try {
    return await call;
  } catch (error) {
    throw awsError(error);
  }
}
