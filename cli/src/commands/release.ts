import { openProvider } from '@forescale/actuator/providers';
import { type Config, loadConfig, providersOf, type SingleProviderConfig } from '@forescale/shared/config';
import type { KubeConfig } from '@forescale/shared/kubernetes';
import type { Elector } from '@forescale/shared/leadership';
import { systemClock } from '@forescale/shared/time';
import { integerOption, UsageError } from '../output/usage.ts';
import { electorOf } from '../runtime/election.ts';

export interface ReleaseFlags {
  readonly config: string;
  readonly wait: string;
}

interface Steered {
  readonly pool: string;
  readonly provider: SingleProviderConfig;
}

/**
 * `forescale release`: takes away what holds room for pools of kind `buffer`; nodes are left alone. Only while it leads
 * itself, so that no actuator holds the room anew.
 */
export async function release(flags: ReleaseFlags, signal: AbortSignal): Promise<void> {
  const waitMs = integerOption('--wait', flags.wait, 1, 3_600) * 1_000;
  const config = await loadConfig(flags.config, process.env);
  const steered = steeredBy(config);
  if (steered.length === 0) {
    process.stdout.write('no pool of kind buffer: no room is held\n');
    return;
  }
  const { kubernetes } = config;
  if (!kubernetes.enabled) throw new UsageError('autoscaler.kubernetes.enabled = false; allowed for release: true');
  const { connectKubernetes, createLease, LEASE_NAME } = await import('@forescale/shared/kubernetes');
  const kube = connectKubernetes(kubernetes);
  if (!kubernetes.leaderElection) return await releaseAll(steered, kube, signal);
  let trouble = '';
  const elector = electorOf(createLease(kube, kubernetes.namespace, LEASE_NAME), (health) => {
    trouble = health.ok ? '' : health.reason;
  });
  try {
    if (!(await leads(elector, waitMs, signal))) {
      const why = trouble || `${elector.holder() || 'nobody'} leads`;
      throw new Error(`${why}: nothing is released while an actuator may hold it anew; stop the actuators first`);
    }
    await releaseAll(steered, kube, signal);
  } finally {
    await elector.stop();
  }
}

function steeredBy({ pools }: Config): Steered[] {
  return pools.flatMap(({ name: pool, provider }) =>
    [...providersOf(provider).values()].filter(({ kind }) => kind === 'buffer').map((one) => ({ pool, provider: one })),
  );
}

/** Whether this process comes to lead in time. */
async function leads(elector: Elector, waitMs: number, signal: AbortSignal): Promise<boolean> {
  const led = new AbortController();
  elector.start((term) => {
    if (term !== null) led.abort();
  });
  await systemClock.sleep(waitMs, AbortSignal.any([signal, led.signal]));
  return led.signal.aborted;
}

async function releaseAll(steered: readonly Steered[], kube: KubeConfig, signal: AbortSignal): Promise<void> {
  for (const { pool, provider } of steered) {
    const { placeholders } = await openProvider(provider, { clock: systemClock, kube });
    await placeholders?.release(pool, signal);
    process.stdout.write(`pool ${pool}: no room is held any more\n`);
  }
}
