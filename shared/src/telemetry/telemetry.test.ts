import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { inSpan, startTelemetry } from './index.ts';

it('a receiver of traces that refuses them is told of, its token is not, and the process goes on and ends', async () => {
  const shown: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    shown.push(request.headers.authorization);
    request.resume().once('end', () => response.writeHead(403).end('not you'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`;
  const troubles: string[] = [];
  const onTrouble = (text: string) => troubles.push(text);
  const telemetry = await startTelemetry('test', { traces: { url, token: 'hunter2', share: 1 }, onTrouble });
  expect(await inSpan('work', {}, async () => 7)).toBe(7);
  await telemetry.stop();
  server.close();
  expect(shown).toEqual(['Bearer hunter2']);
  expect(troubles.join()).toMatch(/403|Forbidden/);
  expect(troubles.join()).not.toContain('hunter2');
});

it('a share of 0 keeps no trace that begins here, and all that were kept where they come from', async () => {
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    request.resume().once('end', () => response.writeHead(200).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`;
  const start = () => startTelemetry('test', { traces: { url, token: null, share: 0 }, onTrouble: () => {} });
  const first = await start();
  await inSpan('work', {}, async () => {});
  await first.stop();
  expect(requests).toBe(0);
  const second = await start();
  await inSpan('work', { parent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }, async () => {});
  await second.stop();
  server.close();
  expect(requests).toBe(1);
});
