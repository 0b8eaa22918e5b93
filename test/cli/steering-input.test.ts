import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { userName } from '../../cli/src/commands/override.ts';
import { temporaryDirectory, writeConfig } from '../harness/config-file.ts';
import { type Ran, ran } from './captured.ts';

const TOKEN = 'correct-horse';
/** What was asked for, by path with its query. */
const asked: { readonly path: string; readonly body: unknown }[] = [];
const closing: (() => Promise<unknown>)[] = [];
let directory: string;
let config: string;
let actuatorUrl: string;

beforeAll(async () => {
  const temporary = await temporaryDirectory();
  directory = temporary.path;
  const tokenFile = join(directory, 'token');
  await writeFile(tokenFile, `${TOKEN}\n`);
  config = await writeConfig({ directory, clusterUrl: 'http://127.0.0.1:1', clock: 'system', tokenFile });
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += chunk));
    request.on('end', () => {
      asked.push({ path: request.url ?? '', body: JSON.parse(text) });
      response.end('{"ok":true,"pool":"web","until":null,"what":"noted"}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  actuatorUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  closing.push(temporary.remove, () => new Promise((resolve) => server.close(resolve)));
});

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

const pause = (...args: readonly string[]) => ran('pause', 'web', '--why', 'x', '--config', config, ...args);

function expectRefused({ code, stdout, stderr }: Ran, message: RegExp): void {
  expect(stderr).toMatch(/^forescale: [^\n]+\n$/);
  expect(stderr).toMatch(message);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
}

describe('what a change over HTTP never tells', () => {
  it.each([
    ['two lines', 'hidden-1\nhidden-2'],
    ['a space', 'hidden-1 hidden-2'],
    ['a letter that no header takes', 'hidden-1\u00e9'],
    ['nothing', '\n'],
  ])('a token file with %s', async (_what, text) => {
    const path = join(directory, 'bad-token');
    await writeFile(path, text);
    const result = await pause('--token-file', path, '--url', actuatorUrl);
    expect(result.stderr).not.toContain('hidden');
    expectRefused(result, /--token-file = \S+bad-token: allowed: one line of printable ASCII without spaces$/m);
  });

  it.each([
    'http://ops:hidden@127.0.0.1:1',
    'http://hidden@127.0.0.1:1',
    'http://ops:hid/hidden@127.0.0.1',
    'ops:hidden@127.0.0.1',
    'http://127.0.0.1:1/?token=hidden',
  ])('a login or a query in the URL: %s', async (url) => {
    const result = await pause('--url', url);
    expect(result.stderr).not.toContain('hidden');
    expectRefused(result, /--url = .*; allowed: an http\(s\) URL without a login \(see --token-file\)$/m);
  });
});

describe('what is wrong with a change is said before anybody is asked: exit 2 with option and value', () => {
  const at = (ms: number) => new Date(Date.now() + ms).toISOString();
  const override = (...args: readonly string[]) =>
    ran('override', 'web', '--config', config, '--url', actuatorUrl, ...args);

  it.each<[string, () => Promise<Ran>, RegExp]>([
    ['too long', () => pause('--for', '40d'), /--for = "40d"; allowed: a duration of at most 31d, such as 30m$/m],
    ['an end that is past', () => pause('--until', at(-60_000)), /--until = \S+: allowed: a time to come$/m],
    [
      'an end too far away',
      () => pause('--until', at(40 * 86_400_000)),
      /--until = \S+: allowed: at most 31 days ahead$/m,
    ],
    ['no URL', () => pause('--url', 'nonsense'), /--url = "nonsense"; allowed: an http\(s\) URL/],
    ['another protocol', () => pause('--url', 'ftp://h'), /--url = "ftp:\/\/h"; allowed: an http\(s\) URL/],
    [
      'min above max',
      () => override('--min', '5', '--max', '2', '--why', 'x'),
      /--min = 5: allowed: at most max, which is 2$/m,
    ],
    ['no reason', () => override('--min', '5', '--why', ''), /--why = "": allowed: 1 to 500 characters$/m],
    ['a novel', () => override('--min', '5', '--why', 'y'.repeat(501)), /--why = "y+: allowed: 1 to 500 characters$/m],
    ['nobody', () => pause('--by', ''), /--by = "": allowed: 1 to 128 characters$/m],
    ['a long name', () => pause('--by', 'z'.repeat(129)), /--by = "z+: allowed: 1 to 128 characters$/m],
  ])('%s', async (_what, run, message) => {
    asked.length = 0;
    expectRefused(await run(), message);
    expect(asked).toEqual([]);
  });
});

describe('where a change goes, and in whose name', () => {
  it.each(['', '/', '/forescale', '/forescale/'])('an address that ends in %j keeps its path', async (path) => {
    asked.length = 0;
    expect(await pause('--url', actuatorUrl + path)).toMatchObject({ code: 0, stderr: '' });
    const prefix = path.replace(/\/$/, '');
    expect(asked.map((one) => one.path)).toEqual([`${prefix}/api/v1/override?pool=web`]);
  });

  it('a user without an entry in passwd is known by $USER, else by the number', async () => {
    const nameless = () => {
      throw Object.assign(new Error('uv_os_get_passwd returned ENOENT'), { code: 'ERR_SYSTEM_ERROR' });
    };
    expect(userName(nameless, { USER: 'ops' }, 4711)).toBe('ops');
    expect(userName(nameless, { USER: '' }, 4711)).toBe('uid 4711');
    expect(userName(nameless, {}, undefined)).toBe('somebody');
    expect(userName(() => ({ username: 'eve' }), { USER: 'ops' }, 4711)).toBe('eve');
  });
});
