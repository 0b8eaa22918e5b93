import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
