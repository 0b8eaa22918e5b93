import type { CoreV1Api } from '@kubernetes/client-node';

/** On each namespace and node that the suite makes; everything else that it makes is in such a namespace. */
export const OWN_LABEL = 'forescale.dev/conformance';

/** Which run made it: two that go on at the same time leave each other's alone. */
function runName(): string {
  return process.env.FORESCALE_CONFORMANCE_RUN ?? 'single';
}

export function ownLabels(): Record<string, string> {
  return { [OWN_LABEL]: runName() };
}

/** Deletes what the run has made and not removed itself. Resolves to the names of what is still there, or going. */
export async function sweep(core: CoreV1Api, run: string): Promise<string[]> {
  const labelSelector = `${OWN_LABEL}=${run}`;
  const [nodes, namespaces] = await Promise.all([
    core.listNode({ labelSelector }),
    core.listNamespace({ labelSelector }),
  ]);
  const left: string[] = [];
  for (const { metadata } of nodes.items) {
    const name = metadata?.name ?? '';
    left.push(`node ${name}`);
    await core.deleteNode({ name }).catch(orGone);
  }
  for (const { metadata } of namespaces.items) {
    const name = metadata?.name ?? '';
    left.push(`namespace ${name}`);
    if (metadata?.deletionTimestamp === undefined) await core.deleteNamespace({ name }).catch(orGone);
  }
  return left;
}

function orGone(error: unknown): void {
  const { code } = error as { readonly code?: unknown };
  if (code !== 404 && code !== 409) throw error;
}
