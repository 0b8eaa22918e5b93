import { type CallLimits, createProviderCalls, guardedMachines, type Machines } from '@forescale/actuator/execute';
import { type MachineRequest, ProviderError } from '@forescale/actuator/providers';
import type { OfferingConfig } from '@forescale/shared/config';
import { seededRandom } from '@forescale/shared/time';
import { seeThrough } from '../harness/waiting.ts';
import type { Target } from './target.ts';

/** For what takes real sockets a moment; nothing waits for it to pass. */
const SOON_MS = 30_000;
const STEP_MS = 500;

export const CLUSTER = 'c1a5e5f0-0000-4000-8000-000000000001';
export const OTHER_CLUSTER = 'c1a5e5f0-0000-4000-8000-000000000002';
export const POOL = 'web';

const LIMITS: CallLimits = {
  concurrency: 100,
  ratePerSecond: null,
  timeoutMs: 60_000,
  retriesMax: 2,
  backoffFirstMs: 200,
  backoffMaxMs: 10_000,
  breaker: { failuresMax: 1_000, openMs: 60_000 },
};

/** The outcome of what a provider does, while the clock of its end point runs. */
export function driven<T>({ clock, endpoint }: Target, work: Promise<T>): Promise<T> {
  return seeThrough(work, SOON_MS, () => {
    clock.advanceTo(clock.nowMs() + STEP_MS);
    endpoint.step();
  });
}

/** Time passes at the end point, and nothing else happens. */
export function pass({ clock, endpoint }: Target, ms: number): void {
  const endMs = clock.nowMs() + ms;
  while (clock.nowMs() < endMs) {
    clock.advanceTo(Math.min(endMs, clock.nowMs() + 5_000));
    endpoint.step();
  }
}

/** The provider as execution has it: behind retries, a breaker and time-outs. */
export function guarded({ provider, clock }: Target): Machines {
  const calls = createProviderCalls(LIMITS, {
    clock,
    ioClock: clock,
    random: seededRandom(1),
    onError: () => undefined,
    onAnswer: () => undefined,
  });
  return guardedMachines(provider, () => calls);
}

/** As the executor makes it. */
export function requestOf(
  target: Target,
  name: string,
  offering: OfferingConfig = target.onDemand,
  change: Partial<MachineRequest> = {},
): MachineRequest {
  return {
    requestId: name,
    token: name,
    nodeName: name,
    clusterTag: CLUSTER,
    pool: POOL,
    offering,
    labels: { 'forescale.dev/pool': POOL },
    taints: [{ key: 'dedicated', value: 'web', effect: 'NoSchedule' }],
    createdMs: target.clock.nowMs(),
    groupSize: 1,
    ...change,
  };
}

/** Names as the executor makes them, no two of them alike. */
export function namesOf(count: number, prefix = POOL): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}-t3k9p2-${String(i).padStart(6, '0')}`);
}

export const signal = () => new AbortController().signal;

/** The error that the work ends with. */
export async function failureOf(work: Promise<unknown>): Promise<ProviderError> {
  const error = await work.then(
    () => new Error('it succeeded'),
    (cause: unknown) => cause,
  );
  if (!(error instanceof ProviderError)) throw error;
  return error;
}
