import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openBus } from '@forescale/cli/runtime';
import { parseConfig } from '@forescale/shared/config';
import { silentLog } from '@forescale/shared/telemetry';
import { systemClock } from '@forescale/shared/time';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../harness/config-file.ts';
import { startNats, type TestServer } from '../servers/index.ts';
import { Authority, type Certified } from './certificates.ts';

const SECRET = 'hunter2-of-the-test';
const opened: { close(): Promise<void> }[] = [];
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let ours: Authority;
let strange: Authority;
let server: Certified;
let client: Certified;
let stranger: Certified;
let secretFile: string;

beforeAll(async () => {
  directory = await temporaryDirectory();
  ours = await Authority.create(directory.path, 'ours');
  strange = await Authority.create(directory.path, 'strange');
  server = await ours.issue('server');
  client = await ours.issue('client');
  stranger = await strange.issue('stranger');
  secretFile = join(directory.path, 'secret');
  await writeFile(secretFile, `${SECRET}\n`);
}, 60_000);
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close();
});
afterAll(() => directory.remove());

async function start(options: Parameters<typeof startNats>[0]): Promise<TestServer> {
  const started = await startNats(options);
  opened.push({ close: () => started.stop() });
  return started;
}

/** What a bus of this configuration says of itself, a message to itself included. */
async function tried(url: string, more: string): Promise<string> {
  const config = parseConfig(`autoscaler: { bus: { kind: nats, url: "${url}"${more} } }`, 'test', {});
  const bus = await openBus(config, 'test', systemClock, silentLog());
  opened.push(bus);
  const health = await bus.health();
  if (!health.ok) return health.reason;
  const { promise: heard, resolve } = Promise.withResolvers<string>();
  await bus.subscribe('a', ({ data }) => resolve(new TextDecoder().decode(data)));
  await bus.publish('a', new TextEncoder().encode('works'));
  return await heard;
}

describe('NATS that lets in only whom it knows', () => {
  it.each([
    [
      'by user and password',
      { user: 'forescale', password: SECRET },
      () => `, user: forescale, password_file: "${secretFile}"`,
    ],
    ['by a token', { token: SECRET }, () => `, token_file: "${secretFile}"`],
  ])('%s: in with it, refused without it, and no secret is said', async (_how, options, right) => {
    const { url } = await start(options);
    expect(await tried(url, right())).toBe('works');
    for (const wrong of ['', ', token: wrong-of-the-test', ', user: forescale, password: wrong-of-the-test']) {
      const refusal = await tried(url, wrong);
      expect(refusal).toMatch(/^NATS at nats:\/\/127\.0\.0\.1:\d+: .*authorization violation/i);
      expect(refusal).not.toMatch(/of-the-test/);
      expect(refusal).not.toContain('\n');
    }
  });

  it('TLS of our own authority: in with its certificate, refused without it', async () => {
    const { url } = await start({ tls: server });
    expect(await tried(url, `, tls: { ca_file: "${ours.caFile}" }`)).toBe('works');
    expect(await tried(url.replace('nats:', 'tls:'), `, tls: { ca_file: "${ours.caFile}" }`)).toBe('works');
    expect(await tried(url, `, tls: { ca_file: "${strange.caFile}" }`)).toMatch(/^NATS at .*certificate/);
    expect(await tried(url, '')).toMatch(/^NATS at .*certificate/);
  });

  it('TLS of both sides: in with a certificate of the authority of clients, refused with none and with another', async () => {
    const { url } = await start({ tls: { ...server, clientCaFile: ours.caFile } });
    const tls = (one: Certified | null) =>
      `, tls: { ca_file: "${ours.caFile}"${one ? `, cert_file: "${one.certFile}", key_file: "${one.keyFile}"` : ''} }`;
    expect(await tried(url, tls(client))).toBe('works');
    expect(await tried(url, tls(null))).toMatch(/^NATS at /);
    expect(await tried(url, tls(stranger))).toMatch(/^NATS at /);
  });

  it('a server without TLS is not spoken to where TLS is configured', async () => {
    const { url } = await start({});
    expect(await tried(url.replace('nats:', 'tls:'), '')).toMatch(/^NATS at .*tls/i);
    expect(await tried(url, `, tls: { ca_file: "${ours.caFile}" }`)).toMatch(/^NATS at .*tls/i);
  });

  it('a file that is not there is said at the start, by its field', async () => {
    await expect(tried('nats://127.0.0.1:4222', ', tls: { ca_file: /nowhere/ca.crt }')).rejects.toThrow(
      'autoscaler.bus.tls.ca_file = /nowhere/ca.crt: cannot be read: ENOENT',
    );
  });
});
