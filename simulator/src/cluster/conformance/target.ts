import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppsV1Api, CoordinationV1Api, CoreV1Api, KubeConfig, PolicyV1Api, type V1Pod } from '@kubernetes/client-node';
import { createSimulatedCluster, type SimulatedCluster } from '../index.ts';
import { SMALL, START_MS } from '../lab.ts';
import { ownLabels } from './own.ts';

/**
 * A cluster that the conformance suite runs on: the simulated one; or, when `FORESCALE_CONFORMANCE=cluster` says so on
 * top, the real one that `KUBECONFIG` names. The suite keeps to a namespace of its own, and to nodes that it creates;
 * all of these carry `ownLabels`.
 */
export interface Target {
  readonly kube: KubeConfig;
  readonly core: CoreV1Api;
  readonly apps: AppsV1Api;
  readonly policy: PolicyV1Api;
  readonly coordination: CoordinationV1Api;
  /** Fresh, and deleted in the end. */
  readonly namespace: string;
  /** Null on a real cluster. */
  readonly simulated: SimulatedCluster | null;
  /** Lets time pass until the probe finds something; throws when it never does. */
  until<T>(what: string, probe: () => Promise<T | null | undefined | false> | T | null | undefined | false): Promise<T>;
  close(): Promise<void>;
}

export function kubeConfigOf(server: string, token?: string): KubeConfig {
  const kube = new KubeConfig();
  kube.loadFromOptions({
    clusters: [{ name: 'simulated', server, skipTLSVerify: true }],
    users: [{ name: 'simulated', ...(token !== undefined && { token }) }],
    contexts: [{ name: 'simulated', cluster: 'simulated', user: 'simulated' }],
    currentContext: 'simulated',
  });
  return kube;
}

export async function openTarget(): Promise<Target> {
  return process.env.FORESCALE_CONFORMANCE === 'cluster' ? openReal() : openSimulated();
}

async function openSimulated(): Promise<Target> {
  const simulated = createSimulatedCluster({
    seed: 1,
    startMs: START_MS,
    offerings: [SMALL],
    initialNodes: [{ offering: SMALL, count: 2 }],
  });
  const server = await simulated.listen({ bookmarkIntervalMs: 5 });
  const pass = async () => {
    simulated.step(simulated.nowMs() + 1_000);
    await sleep(2);
  };
  return prepare(kubeConfigOf(server.url), simulated, pass, server.close);
}

async function openReal(): Promise<Target> {
  if (!process.env.KUBECONFIG) throw new Error('KUBECONFIG is not set; it must name the cluster');
  const kube = new KubeConfig();
  kube.loadFromDefault();
  return prepare(
    kube,
    null,
    () => sleep(250),
    () => Promise.resolve(),
  );
}

const PROBES_MAX = 2_000;

async function prepare(
  kube: KubeConfig,
  simulated: SimulatedCluster | null,
  pass: () => Promise<void>,
  stop: () => Promise<void>,
): Promise<Target> {
  const core = kube.makeApiClient(CoreV1Api);
  const namespace = `conformance-${randomUUID().slice(0, 8)}`;
  await core.createNamespace({ body: { metadata: { name: namespace, labels: ownLabels() } } });
  return {
    kube,
    core,
    apps: kube.makeApiClient(AppsV1Api),
    policy: kube.makeApiClient(PolicyV1Api),
    coordination: kube.makeApiClient(CoordinationV1Api),
    namespace,
    simulated,
    async until(what, probe) {
      for (let probes = 0; probes < PROBES_MAX; probes++) {
        const found = await probe();
        if (found !== null && found !== undefined && found !== false) return found;
        await pass();
      }
      throw new Error(`never came true: ${what}`);
    },
    async close() {
      await core.deleteNamespace({ name: namespace });
      await stop();
    },
  };
}

/** What a call was refused with: the HTTP status and the `Status` object. */
export interface Refusal {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
}

export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  try {
    await call;
  } catch (error) {
    const { code, body } = error as { readonly code: number; readonly body: string | Refusal };
    const status = typeof body === 'string' ? (JSON.parse(body) as Refusal) : body;
    return { code, reason: status.reason, message: status.message };
  }
  throw new Error('the call was not refused');
}

export function podBody(name: string, labels: Record<string, string> = {}, cpu = '100m'): V1Pod {
  return {
    metadata: { name, labels },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'main', image: 'registry.k8s.io/pause:3.10', resources: { requests: { cpu } } }],
    },
  };
}
