import type { EC2 } from '@aws-sdk/client-ec2';
import type { AwsConfig } from '@forescale/shared/config';
import type { Clock } from '@forescale/shared/time';
import { ProviderError } from '../errors.ts';
import type { CreateResult, Interruption, Machine, MachineProvider, MachineRequest, Place } from '../port.ts';
import { AwsClients } from './clients.ts';
import { awsError } from './errors.ts';
import { type FleetTry, fleetInput, fleetResult, fleetTries, isSubnetFull } from './fleet.ts';
import { asMachine, describeMachines } from './instances.ts';
import { isOurs, type LaunchTemplateRef, LaunchTemplates } from './launch-templates.ts';
import { AwsPrices } from './prices.ts';
import { InterruptionQueues } from './queues.ts';
import { CLUSTER_TAG, REQUEST_TAG } from './tags.ts';

/** So long after its creation EC2 may say that it knows no such instance. */
const SHOWN_WITHIN_MS = 3 * 60_000;

const UNKNOWN_TEMPLATE = /^InvalidLaunchTemplateName\.NotFound/;

/** EC2's machines, one by one: each is a fleet of one, of type `instant`. */
export class AwsMachines implements MachineProvider {
  readonly kind = 'aws';
  readonly #config: AwsConfig;
  readonly #clock: Clock;
  readonly #clients: AwsClients;
  readonly #templates: LaunchTemplates;
  readonly #queues: InterruptionQueues;
  readonly #prices: AwsPrices;
  /** When machines were made that EC2 may not know yet. */
  readonly #madeMs = new Map<string, number>();

  constructor(config: AwsConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    this.#clients = new AwsClients(config);
    this.#templates = new LaunchTemplates(config, this.#clients, clock);
    this.#queues = new InterruptionQueues(
      config,
      this.#clients,
      clock,
      (tags, clusterTag) => tags.get(CLUSTER_TAG) === clusterTag,
    );
    this.#prices = new AwsPrices(this.#clients, clock);
  }

  async create(request: MachineRequest, signal: AbortSignal): Promise<CreateResult> {
    const { region } = request.offering;
    const tries = fleetTries(this.#config, request);
    const template = await this.#templates.of(request, signal);
    const ec2 = await this.#clients.ec2(region);
    let result: CreateResult = { machines: [], failures: [] };
    for (const one of tries) {
      result = await this.#try(ec2, request, template, one, signal);
      if (!isSubnetFull(result)) break;
    }
    return result;
  }

  async #try(
    ec2: EC2,
    request: MachineRequest,
    template: LaunchTemplateRef,
    one: FleetTry,
    signal: AbortSignal,
  ): Promise<CreateResult> {
    const input = fleetInput(this.#config, request, template, one);
    try {
      const answer = await ec2.createFleet(input, { abortSignal: signal });
      const result = fleetResult(answer, request, this.#config.nodeName, this.#clock.nowMs());
      this.#remember(result.machines);
      return result;
    } catch (error) {
      const failed = error instanceof ProviderError ? error : awsError(error);
      const refused: CreateResult = { machines: [], failures: [failed] };
      if (isSubnetFull(refused)) return refused;
      if (!UNKNOWN_TEMPLATE.test(failed.message) || !isOurs(template)) throw failed;
      // Deleted by somebody, or too new to be known everywhere: the retry makes it again, or finds it.
      this.#templates.forget(request.offering.region, template);
      throw new ProviderError('transient', failed.message, { cause: error, ambiguous: false });
    }
  }

  async find(requestId: string, { region }: Place, signal: AbortSignal): Promise<readonly Machine[]> {
    return await this.#listed(region, { Name: `tag:${REQUEST_TAG}`, Values: [requestId] }, signal);
  }

  async list(clusterTag: string, signal: AbortSignal): Promise<readonly Machine[]> {
    const filter = { Name: `tag:${CLUSTER_TAG}`, Values: [clusterTag] };
    const regions = Object.keys(this.#config.regions);
    return (await Promise.all(regions.map((region) => this.#listed(region, filter, signal)))).flat();
  }

  async terminate(machineId: string, { region }: Place, signal: AbortSignal): Promise<'terminating' | 'gone'> {
    const ec2 = await this.#clients.ec2(region);
    try {
      const { TerminatingInstances = [] } = await ec2.terminateInstances(
        { InstanceIds: [machineId] },
        { abortSignal: signal },
      );
      return TerminatingInstances[0]?.CurrentState?.Name === 'terminated' ? 'gone' : 'terminating';
    } catch (error) {
      const { name } = error as Error;
      if (name === 'InvalidInstanceID.Malformed') return 'gone';
      if (name !== 'InvalidInstanceID.NotFound') throw awsError(error);
      const madeMs = this.#madeMs.get(machineId) ?? Number.NEGATIVE_INFINITY;
      return this.#clock.nowMs() - madeMs < SHOWN_WITHIN_MS ? 'terminating' : 'gone';
    }
  }

  async interruptions(clusterTag: string, signal: AbortSignal): Promise<readonly Interruption[]> {
    return await this.#queues.notices(clusterTag, signal);
  }

  prices: AwsPrices['of'] = (offerings, signal) => this.#prices.of(offerings, signal);

  async #listed(
    region: string,
    filter: { readonly Name: string; readonly Values: string[] },
    signal: AbortSignal,
  ): Promise<Machine[]> {
    const shown = await describeMachines(await this.#clients.ec2(region), filter, signal);
    return shown.flatMap((one) => asMachine(one, region, this.#config.nodeName));
  }

  #remember(machines: readonly Machine[]): void {
    const nowMs = this.#clock.nowMs();
    for (const [id, madeMs] of this.#madeMs) if (nowMs - madeMs >= SHOWN_WITHIN_MS) this.#madeMs.delete(id);
    for (const { id } of machines) this.#madeMs.set(id, nowMs);
  }
}
