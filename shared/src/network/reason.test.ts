import { expect, it } from 'vitest';
import { networkReason } from './index.ts';

const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });

it.each<[string, unknown, string]>([
  ['the code of the cause', new TypeError('fetch failed', { cause: refused }), 'ECONNREFUSED'],
  ['the code of the error itself', refused, 'ECONNREFUSED'],
  [
    'a time-out in words',
    new DOMException('The operation was aborted due to timeout', 'TimeoutError'),
    'The operation was aborted due to timeout',
  ],
  ['an end in words', new DOMException('This operation was aborted', 'AbortError'), 'This operation was aborted'],
  ['a message in one line', new Error('unexpected\n  redirect'), 'unexpected redirect'],
  ['what is no error', 'gone', 'gone'],
])('networkReason: %s', (_what, error, words) => {
  expect(networkReason(error)).toBe(words);
});

it('networkReason: never the header or the address that fetch refuses', async () => {
  const reasonOf = (url: string, authorization: string) =>
    fetch(url, { headers: { authorization }, signal: AbortSignal.timeout(1) }).then(() => 'sent', networkReason);
  expect(await reasonOf('http://127.0.0.1:1', 'Bearer tok1\ntok2')).not.toContain('tok');
  expect(await reasonOf('http://u:hidden@127.0.0.1:1', 'Bearer token')).not.toContain('hidden');
  expect(await reasonOf('http://u:hidden@', 'Bearer token')).not.toContain('hidden');
});
