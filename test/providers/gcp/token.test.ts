import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLUSTER, driven, failureOf, signal } from '../driver.ts';
import { TOKEN } from './endpoint.ts';
import { MACHINES, openTarget } from './target.ts';

let folder: string;
const closing: (() => Promise<unknown> | unknown)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forescale-gcp-token-'));
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await rm(folder, { recursive: true });
});

async function server(answer: (request: IncomingMessage, response: ServerResponse, body: string) => void) {
  const seen: string[] = [];
  const http = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push(`${request.method} ${request.url} ${body}`);
    answer(request, response, body);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    http.closeAllConnections();
    http.close();
  });
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, seen };
}

async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** A provider whose credentials are these; `token_file` stands aside. */
async function opened(access: object) {
  const target = await openTarget({ machines: MACHINES, token_file: undefined, ...access });
  closing.push(() => target.close());
  return target;
}

const json = (response: ServerResponse, status: number, body: object) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

async function federated(tokenUrl: string): Promise<string> {
  return await file('federation.json', {
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/k3s',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: tokenUrl,
    credential_source: { file: await file('subject', 'eyJ.subject-token') },
  });
}

const listOf = async (access: object) => {
  const target = await opened(access);
  return await driven(target, target.provider.list(CLUSTER, signal()));
};
const failure = async (access: object) => {
  const error = await failureOf(listOf(access));
  return { errorClass: error.errorClass, message: error.message, all: JSON.stringify([error.stack, error.cause]) };
};

describe('gcp: where a token comes from', () => {
  it('workload identity federation: exchanged once, and used until it expires', async () => {
    const sts = await server((_request, response) =>
      json(response, 200, { access_token: TOKEN, token_type: 'Bearer', expires_in: 3_600, issued_token_type: 'x' }),
    );
    const target = await opened({ credentials_file: await federated(`${sts.url}/v1/token`) });
    for (let i = 0; i < 3; i++) expect(await driven(target, target.provider.list(CLUSTER, signal()))).toEqual([]);
    expect(sts.seen).toHaveLength(1);
    expect(sts.seen[0]).toContain('subject_token=eyJ.subject-token');
  });

  it('the metadata server, where nothing is configured', async () => {
    const metadata = await server((_request, response) => {
      response.setHeader('metadata-flavor', 'Google');
      json(response, 200, { access_token: TOKEN, token_type: 'Bearer', expires_in: 3_600 });
    });
    const before = { ...process.env };
    closing.push(() => {
      process.env = before;
    });
    process.env = {
      ...before,
      CLOUDSDK_CONFIG: folder,
      GCE_METADATA_HOST: new URL(metadata.url).host,
      METADATA_SERVER_DETECTION: 'assume-present',
    };
    expect(await listOf({})).toEqual([]);
    expect(metadata.seen.some((one) => one.includes('/service-accounts/default/token'))).toBe(true);
  });

  it('a file that somebody keeps filled is read for every call', async () => {
    const path = await file('token', 'too-old');
    const target = await opened({ token_file: path });
    const list = () => driven(target, target.provider.list(CLUSTER, signal()));
    expect((await failureOf(list())).errorClass).toBe('auth');
    await writeFile(path, `${TOKEN}\n`);
    expect(await list()).toEqual([]);
  });
});

describe('gcp: no token', () => {
  it('is refused credentials where the exchange is refused; nothing of them is told', async () => {
    const sts = await server((_request, response) =>
      json(response, 400, { error: 'invalid_grant', error_description: 'eyJ.subject-token is no token' }),
    );
    const told = await failure({ credentials_file: await federated(`${sts.url}/v1/token`) });
    expect(told).toMatchObject({ errorClass: 'auth', message: 'no access token: HTTP 400 invalid_grant' });
    expect(told.all).not.toContain('eyJ');
  });

  it('may come later where the file does', async () => {
    const sts = await server((_request, response) =>
      json(response, 200, { access_token: TOKEN, token_type: 'Bearer', expires_in: 3_600, issued_token_type: 'x' }),
    );
    const target = await opened({ credentials_file: join(folder, 'federation.json') });
    const list = () => driven(target, target.provider.list(CLUSTER, signal()));
    expect((await failureOf(list())).message).toMatch(/^credentials_file = .*: cannot be read: ENOENT$/);
    await federated(`${sts.url}/v1/token`);
    expect(await list()).toEqual([]);
  });

  it('may come later where nobody answers', async () => {
    const { url } = await server((request) => request.socket.destroy());
    const told = await failure({ credentials_file: await federated(`${url}/v1/token`) });
    expect(told.errorClass).toBe('transient');
    expect(told.message).toMatch(/^no access token: \w+$/);
  });

  it('ends with the call that wants it', async () => {
    const { url } = await server(() => undefined);
    const target = await opened({ credentials_file: await federated(`${url}/v1/token`) });
    const abort = new AbortController();
    const call = target.provider.list(CLUSTER, abort.signal);
    setImmediate(() => abort.abort());
    expect(await failureOf(call)).toMatchObject({ errorClass: 'transient', message: 'no access token: not in time' });
  });

  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  it.each<[what: string, content: unknown, message: string]>([
    ['no JSON', `{"type": "service_account", ${pem}`, 'the file'],
    ['a type that is not known', { type: 'authorized_user', refresh_token: 'secret' }, 'type'],
    ['a key without its account', { type: 'service_account', private_key: pem }, 'client_email'],
    [
      'an exchange without TLS',
      {
        ...{ type: 'external_account', audience: 'a', subject_token_type: 'b' },
        ...{ token_url: 'http://sts.example.com/token', credential_source: { file: 'x' } },
      },
      'token_url',
    ],
  ])('%s is refused, and not quoted', async (_what, content, field) => {
    const told = await failure({ credentials_file: await file('credentials.json', content) });
    const allowed = 'a key of type service_account, or a configuration of type external_account';
    expect(told).toMatchObject({ errorClass: 'auth', message: `credentials_file: ${field}: allowed: ${allowed}` });
    expect(told.all).not.toContain(pem.split('\n')[1]);
  });

  it('a key that signs nothing is refused, and not quoted', async () => {
    const key = {
      type: 'service_account',
      client_email: 'a@b.iam.gserviceaccount.com',
      private_key: 'PRIVATE hunter2',
    };
    const told = await failure({ credentials_file: await file('key.json', key) });
    expect(told.errorClass).toBe('auth');
    expect(told.message).toMatch(/^no access token: \w+$/);
    expect(JSON.stringify(told)).not.toContain('hunter2');
  });

  it('files that are not there, or hold something else', async () => {
    const gone = join(folder, 'gone');
    const federation = await federated('https://sts.example.com/v1/token');
    await rm(join(folder, 'subject'));
    expect(await failure({ credentials_file: federation })).toMatchObject({
      ...{ errorClass: 'auth', message: 'no access token: ENOENT' },
    });
    expect(await failure({ credentials_file: gone })).toMatchObject({
      message: `credentials_file = ${gone}: cannot be read: ENOENT`,
    });
    expect(await failure({ token_file: gone })).toMatchObject({
      message: `token_file = ${gone}: cannot be read: ENOENT`,
    });
    const two = await file('two', 'a b');
    expect(await failure({ token_file: two })).toMatchObject({
      ...{ errorClass: 'auth', message: `token_file = ${two}: allowed: an access token and nothing else` },
    });
  });
});
