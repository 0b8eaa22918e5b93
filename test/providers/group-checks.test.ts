import type { OfferingConfig, SingleProviderConfig } from '@forescale/shared/config';
import { FakeGroups } from '../../services/actuator/src/execute/fakes/fake-groups.ts';
import { testPool, World } from '../../services/actuator/src/execute/fakes/world.ts';
import { describeProvider } from './conformance.ts';
import type { Endpoint, EndpointFault, Target } from './target.ts';

const IN_MEMORY = 'a group in memory has none';

/** The groups of the executor's own tests: what the checks ask of groups is what execution is tried on. */
class GroupsEndpoint implements Endpoint {
  showAfterMs = 0;
  pageSize = 1_000;
  readonly operations: ReadonlySet<string> = new Set();
  readonly provider: FakeGroups;
  readonly #planned: { calls: readonly string[]; fault: EndpointFault; left: number }[] = [];

  constructor(provider: FakeGroups) {
    this.provider = provider;
    provider.fault = (call) => {
      const planned = this.#planned.find(({ calls, left }) => left > 0 && calls.includes(call));
      if (!planned) return null;
      planned.left--;
      const { fault } = planned;
      return fault === 'unavailable' || fault === 'reset' ? 'transient' : fault;
    };
  }

  fail(call: 'create' | 'read' | 'terminate', fault: EndpointFault, times: number): void {
    this.#planned.push({ calls: call === 'read' ? ['list', 'find'] : [call], fault, left: times });
  }

  failAtRandom(): void {
    throw new Error(IN_MEMORY);
  }

  sellOut({ zone }: OfferingConfig): void {
    this.provider.group(`group-${zone}`).available = 0;
  }

  running(): readonly string[] {
    return this.provider.running.map(({ id }) => id);
  }

  addStranger(): string {
    return 'nobody';
  }

  interrupt(): void {
    throw new Error(IN_MEMORY);
  }

  step(): void {
    this.running();
  }
}

async function openGroups(): Promise<Target> {
  const clock = World.clock();
  const provider = new FakeGroups(clock);
  const onDemand = testPool().offerings[0] as OfferingConfig;
  const config: SingleProviderConfig = { kind: 'none' };
  const notApplicable = { fallback: IN_MEMORY, interruption: IN_MEMORY, prices: IN_MEMORY };
  const endpoint = new GroupsEndpoint(provider);
  return { config, provider, clock, onDemand, spot: null, endpoint, notApplicable, close: async () => {} };
}

describeProvider('groups in memory', openGroups);
