import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { OWN_LABEL, sweep } from '../simulator/src/cluster/conformance/own.ts';

/**
 * `npm run test:cluster`: the suite that the simulated Kubernetes API passes, on the cluster that KUBECONFIG names. It
 * makes namespaces and nodes with a label of its own, touches nothing else, and removes them also after a failure.
 */

const SUITE = ['simulator/src/cluster/conformance', 'simulator/src/cluster/lease-client.test.ts'];
/** A real namespace takes its time to go. */
const GONE_TRIES_MAX = 120;
const GONE_EVERY_MS = 1_000;

const run = randomBytes(4).toString('hex');
let child: ReturnType<typeof spawn> | null = null;
// Whoever interrupts ends the suite; what it has made is removed all the same.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child?.kill(signal));

process.exitCode = await main();

async function main(): Promise<number> {
  if (!process.env.KUBECONFIG) {
    process.stderr.write(
      'test:cluster: KUBECONFIG is not set; it must name the cluster: ~/.kube/config is not guessed\n',
    );
    return 2;
  }
  const kube = new KubeConfig();
  kube.loadFromDefault();
  const core = kube.makeApiClient(CoreV1Api);
  process.stdout.write(`cluster ${kube.getCurrentCluster()?.server}, label ${OWN_LABEL}=${run}\n`);
  const status = await runSuite();
  const left = await remove(core);
  if (left.length > 0) process.stderr.write(`test:cluster: still there: ${left.join(', ')}\n`);
  else process.stdout.write('nothing is left behind\n');
  return left.length > 0 ? 1 : status;
}

function runSuite(): Promise<number> {
  const args = ['run', '--project', 'unit', '--no-file-parallelism', ...SUITE];
  const environment = { ...process.env, FORESCALE_CONFORMANCE: 'cluster', FORESCALE_CONFORMANCE_RUN: run };
  return new Promise((resolve) => {
    child = spawn('vitest', args, { env: environment, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', () => resolve(1));
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** Resolves to what would not go. */
async function remove(core: CoreV1Api): Promise<string[]> {
  let left: string[] = [];
  for (let tries = 0; tries < GONE_TRIES_MAX; tries++) {
    left = await sweep(core, run).catch((error: unknown) => [`not known: ${String(error).slice(0, 500)}`]);
    if (left.length === 0) return [];
    await sleep(GONE_EVERY_MS);
  }
  return left;
}
