import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openProvider } from '@forescale/actuator/providers';
import { ManualClock } from '@forescale/shared/time';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../harness/config-file.ts';
import { CLUSTER, failureOf, signal } from '../driver.ts';
import { providerConfig } from '../provider-config.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** Makes a certificate of its own authority, for this machine. */
function openssl(directory: string, name: string): void {
  const files = ['-keyout', join(directory, `${name}-key.pem`), '-out', join(directory, `${name}.pem`)];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  const { status, stderr } = spawnSync('openssl', ['req', '-x509', ...key, ...files, ...subject]);
  if (status !== 0) throw new Error(stderr.toString());
}

describe.skipIf(!hasOpenssl)('an engine over TLS (needs the program openssl)', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let server: Server;
  const file = (name: string) => join(directory.path, name);

  beforeAll(async () => {
    directory = await temporaryDirectory();
    for (const name of ['engine', 'client', 'stranger']) openssl(directory.path, name);
    const [cert, key, ca] = ['engine.pem', 'engine-key.pem', 'client.pem'].map((name) => readFileSync(file(name)));
    server = createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: true }, (_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end('[]');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await directory.remove();
  });

  const list = async (ca: string, client: string) => {
    const { port } = server.address() as AddressInfo;
    const tls = { ca_file: file(ca), cert_file: file(`${client}.pem`), key_file: file(`${client}-key.pem`) };
    const config = providerConfig({
      ...{ kind: 'docker', url: `https://127.0.0.1:${port}`, tls, image: 'k3s:1' },
      ...{ server: 'https://10.0.0.2:6443', token_file: '/nowhere' },
    });
    return (await openProvider(config, { clock: new ManualClock(0), kube: null })).list(CLUSTER, signal());
  };

  it('lets in who has the certificate', async () => {
    expect(await list('engine.pem', 'client')).toEqual([]);
  });

  it('lets in nobody else, and is believed only with its own', async () => {
    expect(await failureOf(list('engine.pem', 'stranger'))).toMatchObject({ errorClass: 'transient' });
    const error = await failureOf(list('client.pem', 'client'));
    expect(error.message).toMatch(/^docker: [A-Z_]+$/);
  });

  it('a certificate that is not there is named at the start', async () => {
    await expect(list('absent.pem', 'client')).rejects.toThrow(
      /^provider\.tls\.ca_file = .*absent\.pem: cannot be read: ENOENT$/,
    );
  });
});
