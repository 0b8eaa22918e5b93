import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { ManualClock } from '../time/index.ts';
import { type ClusterWriter, connectKubernetes, createClusterWriter, KubernetesUnavailableError } from './index.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function writerOn(clock: ManualClock, answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return createClusterWriter(connectKubernetes({ kubeconfig: null, context: null, url }), clock);
}

const event = { kind: 'Node', name: 'n', uid: 'u', type: 'Normal', reason: 'R', message: 'm', timeMs: 0 } as const;
const CALLS: readonly (readonly [string, (writer: ClusterWriter) => Promise<unknown>])[] = [
  ['change node n', (writer) => writer.changeNode('n', { unschedulable: true })],
  ['evict pod default/p', (writer) => writer.evictPod('default', 'p', 'u', null)],
  ['delete pod default/p', (writer) => writer.deletePod('default', 'p', 'u')],
  ['delete node n', (writer) => writer.deleteNode('n')],
  ['create event R', (writer) => writer.createEvent(event)],
];

it.each(CALLS)('%s: a server that accepts and never answers is given up after 30 s', async (what, call) => {
  const clock = new ManualClock(0);
  let hangsUp = () => {};
  const hungUp = new Promise<void>((resolve) => {
    hangsUp = resolve;
  });
  let asked = () => {};
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const writer = await writerOn(clock, (request) => {
    request.socket.on('close', hangsUp);
    asked();
  });
  const outcome = expect(call(writer)).rejects.toThrow(
    new KubernetesUnavailableError(`${what}: no answer within 30000 ms`),
  );
  await isAsked;
  clock.advanceTo(30_000);
  await outcome;
  // The connection is not left behind.
  await hungUp;
});

it('what is refused, and what may succeed later, are told apart by the status', async () => {
  let status = 0;
  const writer = await writerOn(new ManualClock(0), (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}'),
  );
  for (status of [409, 429, 500, 503, 504])
    await expect(writer.deleteNode('n')).rejects.toThrow(KubernetesUnavailableError);
  for (status of [400, 401, 403, 422])
    await expect(writer.deleteNode('n')).rejects.toMatchObject({ name: 'KubernetesRefusedError', status });
});
