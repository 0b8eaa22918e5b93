import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Credential, tokenByIdentity, tokenInFile, tokensOf } from './credential.ts';

const signal = () => new AbortController().signal;

/** As @azure/identity throws them; what it was sent stands in some of their messages. */
const thrown = (name: string, statusCode?: number) =>
  Object.assign(new Error('client_secret=hunter2 was refused'), { name, ...(statusCode && { statusCode }) });

const failing = (error: unknown): Credential => ({ getToken: () => Promise.reject(error) });

describe('azure: a token by identity', () => {
  it('is asked for by scope', async () => {
    const asked: string[] = [];
    const credential: Credential = {
      getToken: async (scope, { abortSignal }) => {
        asked.push(`${scope} ${abortSignal.aborted}`);
        return { token: 'abc' };
      },
    };
    expect(await tokensOf(credential, 'https://management.azure.com/.default')(signal())).toBe('abc');
    expect(asked).toEqual(['https://management.azure.com/.default false']);
  });

  it.each<[what: string, error: unknown, errorClass: string, message: string]>([
    ['nobody is known', thrown('CredentialUnavailableError'), 'auth', 'CredentialUnavailableError'],
    ['none of many is known', thrown('AggregateAuthenticationError'), 'auth', 'AggregateAuthenticationError'],
    ['a wrong secret', thrown('AuthenticationError', 401), 'auth', 'AuthenticationError (HTTP 401)'],
    ['a login that is out of order', thrown('AuthenticationError', 503), 'transient', 'AuthenticationError (HTTP 503)'],
    ['no network', thrown('RestError'), 'transient', 'RestError'],
    ['no error', 'hunter2', 'transient', 'an unknown error'],
  ])('%s', async (_what, error, errorClass, message) => {
    await expect(tokensOf(failing(error), 's')(signal())).rejects.toMatchObject({
      errorClass,
      message: `no token for Azure: ${message}`,
      // Nothing was sent to Azure.
      ambiguous: false,
    });
  });

  it('none at all is refused', async () => {
    const empty: Credential = { getToken: async () => null };
    await expect(tokensOf(empty, 's')(signal())).rejects.toMatchObject({ errorClass: 'auth' });
  });

  it('is made of what the package has, once it is needed', async () => {
    expect(await tokenByIdentity('https://management.azure.com')).toBeInstanceOf(Function);
  });
});

describe('azure: a token in a file', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'forescale-azure-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('is read anew each time', async () => {
    const path = join(directory, 'token');
    const token = tokenInFile(path);
    await writeFile(path, 'first\n');
    expect(await token(signal())).toBe('first');
    await writeFile(path, 'second');
    expect(await token(signal())).toBe('second');
  });

  it.each([
    ['of two lines', 'one\nhunter2'],
    ['that is empty', ''],
    ['that is endless', 'h'.repeat(16_385)],
  ])('%s is none, and is not told', async (_what, text) => {
    const path = join(directory, 'other');
    await writeFile(path, text);
    await expect(tokenInFile(path)(signal())).rejects.toMatchObject({
      errorClass: 'auth',
      message: `token_file = ${path}: allowed: an access token and nothing else`,
    });
  });

  it('that is not there is named', async () => {
    await expect(tokenInFile('/nowhere/token')(signal())).rejects.toMatchObject({
      errorClass: 'auth',
      message: 'token_file = /nowhere/token: cannot be read: ENOENT',
    });
  });
});
