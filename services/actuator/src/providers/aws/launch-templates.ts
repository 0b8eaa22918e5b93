import { scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import type { EC2, RequestLaunchTemplateData } from '@aws-sdk/client-ec2';
import type { AwsConfig } from '@forescale/shared/config';
import type { Clock } from '@forescale/shared/time';
import { asProviderError, ProviderError } from '../errors.ts';
import { readToken, userData } from '../join/index.ts';
import type { MachineRequest } from '../port.ts';
import { type AwsClients, answered } from './clients.ts';
import { NODE_NAME_COMMAND, PROVIDER_ID_COMMAND } from './metadata.ts';
import { asTags, CLUSTER_TAG, POOL_TAG } from './tags.ts';

const UNUSED_MS = 3_600_000;
const COLLECT_EVERY_MS = 60_000;
const COLLECTED_MAX = 20;
const PAGE_SIZE = 200;
const NAMES_MAX = 100;

/** EC2 takes so much, before base64. */
const USER_DATA_BYTES_MAX = 16_384;

interface OwnLaunchTemplate {
  readonly LaunchTemplateName: string;
  readonly Version: string;
}

/** One of ours by its name, one of the configuration by its id. */
export type LaunchTemplateRef = OwnLaunchTemplate | { readonly LaunchTemplateId: string; readonly Version: string };

export function isOurs(template: LaunchTemplateRef): template is OwnLaunchTemplate {
  return 'LaunchTemplateName' in template;
}

/**
 * From what machines are made. Where the configuration names a template, from that. Else from templates of ours: a fleet takes
 * user data from nowhere else. One is made for each content, not for each machine, which saves two calls a machine and
 * the time until EC2 knows a template; what differs from machine to machine, its name, it reads from its own tag. The
 * user data holds the join token, and so does the template: whoever may read versions of launch templates, or the user
 * data of instances, may join nodes.
 *
 * Templates of ours are a cache: one that is missing is made again. So those of this cluster that are an hour old and that
 * this process has not used for an hour are deleted, when a new one is made.
 */
export class LaunchTemplates {
  readonly #config: AwsConfig;
  readonly #clients: AwsClients;
  readonly #clock: Clock;
  readonly #names = new Map<string, Promise<string>>();
  readonly #made = new Map<string, Promise<void>>();
  readonly #usedMs = new Map<string, number>();
  readonly #collectedMs = new Map<string, number>();

  constructor(config: AwsConfig, clients: AwsClients, clock: Clock) {
    this.#config = config;
    this.#clients = clients;
    this.#clock = clock;
  }

  /** The template for a request's machine, made first where there is none. */
  async of(request: MachineRequest, signal: AbortSignal): Promise<LaunchTemplateRef> {
    const { region } = request.offering;
    const theirs = this.#config.regions[region]?.launchTemplate;
    if (theirs) return { LaunchTemplateId: theirs.id, Version: theirs.version };
    const data = await this.#data(request);
    const name = await this.#nameOf(data, request.clusterTag);
    const key = `${region} ${name}`;
    this.#usedMs.set(key, this.#clock.nowMs());
    let made = this.#made.get(key);
    if (made === undefined) {
      made = this.#make(name, data, request, signal);
      this.#made.set(key, made);
      made.catch(() => this.#made.delete(key));
    }
    await made.catch(withoutMachine);
    return { LaunchTemplateName: name, Version: '1' };
  }

  /** EC2 says that it does not know it. */
  forget(region: string, { LaunchTemplateName }: OwnLaunchTemplate): void {
    this.#made.delete(`${region} ${LaunchTemplateName}`);
  }

  async #data(request: MachineRequest): Promise<RequestLaunchTemplateData> {
    const { regions, machine, join } = this.#config;
    const where = regions[request.offering.region];
    if (!where?.image || join === null)
      throw new ProviderError('config', `region ${request.offering.region}: no image, or no join`);
    const token = await readToken(join.tokenFile);
    const text = userData({
      ...{ join, token, request },
      providerIdCommand: PROVIDER_ID_COMMAND,
      nodeNameCommand: NODE_NAME_COMMAND,
    });
    const bytes = Buffer.from(text);
    if (bytes.length > USER_DATA_BYTES_MAX)
      throw new ProviderError('config', `user data of ${bytes.length} bytes: allowed: ${USER_DATA_BYTES_MAX}`);
    const volume = machine.rootVolume;
    return {
      ImageId: where.image,
      SecurityGroupIds: where.securityGroups,
      UserData: bytes.toString('base64'),
      // A machine that shuts itself down would cost its disk for ever.
      InstanceInitiatedShutdownBehavior: 'terminate',
      MetadataOptions: {
        HttpTokens: 'required',
        HttpPutResponseHopLimit: machine.metadataHops,
        InstanceMetadataTags: 'enabled',
      },
      ...(machine.instanceProfile !== null && { IamInstanceProfile: { Name: machine.instanceProfile } }),
      ...(machine.keyName !== null && { KeyName: machine.keyName }),
      ...(volume !== null && {
        BlockDeviceMappings: [
          {
            DeviceName: volume.device,
            Ebs: { VolumeSize: volume.gib, VolumeType: 'gp3', Encrypted: true, DeleteOnTermination: true },
          },
        ],
      }),
    };
  }

  /** Of content and cluster; slow to try out, since the token is part of it and many may read names. */
  #nameOf(data: RequestLaunchTemplateData, clusterTag: string): Promise<string> {
    const content = JSON.stringify([clusterTag, data]);
    const known = this.#names.get(content);
    if (known !== undefined) return known;
    const name = digestOf(content, clusterTag).then((digest) => `forescale-${digest.toString('hex')}`);
    // Few contents are in use at once, and each is held with its token in it.
    if (this.#names.size >= NAMES_MAX) this.#names.clear();
    this.#names.set(content, name);
    return name;
  }

  async #make(
    name: string,
    data: RequestLaunchTemplateData,
    request: MachineRequest,
    signal: AbortSignal,
  ): Promise<void> {
    const { region } = request.offering;
    const ec2 = await this.#clients.ec2(region);
    const Tags = asTags({
      ...this.#config.tags,
      [CLUSTER_TAG]: request.clusterTag,
      [POOL_TAG]: request.pool,
    });
    const input = {
      LaunchTemplateName: name,
      LaunchTemplateData: data,
      TagSpecifications: [{ ResourceType: 'launch-template' as const, Tags }],
    };
    const made = ec2.createLaunchTemplate(input, { abortSignal: signal });
    const exists = (error: unknown) =>
      (error as Error).name === 'InvalidLaunchTemplateName.AlreadyExistsException' ? undefined : Promise.reject(error);
    await answered(made.catch(exists));
    // Its failure is no reason to make no machine: the next pass takes what is left.
    await this.#collect(ec2, region, request.clusterTag, signal).catch(() => undefined);
  }

  async #collect(ec2: EC2, region: string, clusterTag: string, signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.nowMs();
    if (nowMs - (this.#collectedMs.get(region) ?? Number.NEGATIVE_INFINITY) < COLLECT_EVERY_MS) return;
    this.#collectedMs.set(region, nowMs);
    const { LaunchTemplates: all = [] } = await ec2.describeLaunchTemplates(
      { Filters: [{ Name: `tag:${CLUSTER_TAG}`, Values: [clusterTag] }], MaxResults: PAGE_SIZE },
      { abortSignal: signal },
    );
    for (const [key, usedMs] of this.#usedMs) if (nowMs - usedMs > UNUSED_MS) this.#usedMs.delete(key);
    const old = all.flatMap(({ LaunchTemplateName: name = '', CreateTime }) => {
      const isYoung = nowMs - (CreateTime?.getTime() ?? nowMs) <= UNUSED_MS;
      return isYoung || this.#usedMs.has(`${region} ${name}`) ? [] : [name];
    });
    await Promise.all(
      old.slice(0, COLLECTED_MAX).map(async (LaunchTemplateName) => {
        await ec2.deleteLaunchTemplate({ LaunchTemplateName }, { abortSignal: signal });
        this.#made.delete(`${region} ${LaunchTemplateName}`);
      }),
    );
  }
}

/** Whatever became of the template: nobody has asked for a machine yet. */
function withoutMachine(cause: unknown): never {
  const { errorClass, message } = asProviderError(cause);
  throw new ProviderError(errorClass, message, { cause, ambiguous: false });
}

const digestOf = (content: string, salt: string) =>
  promisify<string, string, number, Buffer>(scrypt)(content, salt, 20);
