import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { ProviderError } from '../errors.ts';
import { K3S_JOIN, requestOf } from './join.test-data.ts';
import { userData } from './user-data.ts';

/** What breaks out of one notation or another, with ordinary names in between. */
const nasty = fc.oneof(
  fc.constantFrom(
    'yes',
    'on',
    '1:30',
    '0x10',
    '~',
    'null',
    '!!str',
    '&a',
    '*a',
    '- x',
    '{a: b}',
    '# x',
    '---',
    '%',
    '$(x)',
    "'",
    '"',
    '\\',
    '\n',
    'a: b',
    '\u2028',
    '\u0085',
    'web',
    'a/b',
    'é',
    '@@token@@',
  ),
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 10 }),
);
const printable = fc.stringMatching(/^[\x21-\x7e]{1,40}$/);
const argument = fc
  .tuple(fc.stringMatching(/^--[a-z][a-z-]{0,9}$/), fc.option(fc.string({ unit: 'grapheme', maxLength: 30 })))
  .map(([option, value]) => (value === null || value === '' ? option : `${option}=${value}`))
  .filter((one) => /^--[a-z][a-z0-9-]{0,63}(=\P{Cc}{1,1024})?$/u.test(one) && !/^--(node-|kubelet)/.test(one));

const cases = fc.record({
  labels: fc.dictionary(nasty, nasty, { maxKeys: 3 }),
  taints: fc.array(fc.record({ key: nasty, value: nasty, effect: fc.constant('NoSchedule' as const) }), {
    maxLength: 2,
  }),
  token: printable,
  args: fc.array(argument, { maxLength: 4 }),
});

/** The configuration file and the token, as a reader of YAML of that version sees them; and how much else there is. */
function read(text: string, version: '1.1' | '1.2') {
  const document = parse(text, { version });
  const contentOf = (path: string) =>
    document.write_files.find((file: { readonly path: string }) => file.path === path).content;
  return {
    keys: Object.keys(document),
    files: document.write_files.length,
    runs: document.runcmd,
    token: contentOf('/etc/forescale/k3s-token'),
    options: parse(contentOf('/etc/rancher/k3s/config.yaml'), { version }) as Record<string, unknown>,
  };
}

it('user data: whatever the values are, they are refused or come out of the document as they went in', () => {
  let accepted = 0;
  fc.assert(
    fc.property(cases, ({ labels, taints, token, args }) => {
      const request = requestOf({ labels, taints });
      let text: string;
      try {
        text = userData({ join: { ...K3S_JOIN, args }, token, request, providerIdCommand: 'id-of-it' });
      } catch (error) {
        expect(error).toBeInstanceOf(ProviderError);
        expect((error as Error).message).toMatch(/^\P{Cc}+$/u);
        return;
      }
      accepted++;
      for (const version of ['1.1', '1.2'] as const) {
        const { keys, files, runs, token: written, options } = read(text, version);
        expect(keys).toEqual(['write_files', 'runcmd']);
        expect(files).toBe(3);
        expect(runs).toEqual([['/bin/sh', '/var/lib/forescale/join.sh']]);
        expect(written).toBe(`${token}\n`);
        expect(options['node-name']).toBe(request.nodeName);
        expect(options['node-label'] ?? []).toEqual(Object.entries(labels).map(([key, value]) => `${key}=${value}`));
        expect((options['node-taint'] as string[] | undefined)?.length ?? 0).toBe(taints.length);
        expect(options['kubelet-arg']).toEqual(['provider-id=__FORESCALE_PROVIDER_ID__']);
        for (const one of args) {
          const [option = '', ...rest] = one.slice(2).split('=');
          expect([options[option]].flat()).toContain(one.includes('=') ? rest.join('=') : 'true');
        }
      }
    }),
    { numRuns: 2_000 },
  );
  expect(accepted).toBeGreaterThan(100);
});
