import { readdirSync, readFileSync } from 'node:fs';
import { parseConfig } from '@forescale/shared/config';
import { describe, expect, it } from 'vitest';
import { matrixText, PROVIDERS } from './matrix.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const list = (path: string) => readdirSync(new URL(`../../${path}`, import.meta.url));
const DOCUMENT = read('docs/providers.md');
const kinds = new Set(Object.keys(PROVIDERS).map((name) => name.split(' ')[0]));

describe('docs/providers.md', () => {
  it('has the capability matrix of the code (else: node tools/write-capabilities.ts)', () => {
    const shown = /<!-- capabilities: begin -->\n\n(.*)\n\n<!-- capabilities: end -->/s.exec(DOCUMENT)?.[1];
    expect(shown).toBe(matrixText());
  });

  it('leaves no kind of provider out', () => {
    let message = '';
    try {
      parseConfig('autoscaler: {pools: [{provider: {kind: nothing}}]}', 'f', {});
    } catch (error) {
      message = String(error);
    }
    const allowed = /of kind (.+)$/.exec(message)?.[1]?.split(', ') ?? [];
    // What makes no machines, what only simulates them, and several of the others.
    expect(allowed.filter((kind) => !['none', 'simulated', 'mixed'].includes(kind)).sort()).toEqual([...kinds].sort());
  });

  it.each([...kinds])('%s: has its reasons, its suite, its document and its example', (kind) => {
    expect(list(`services/actuator/src/providers/${kind}`)).toContain('not-applicable.ts');
    expect(list(`test/providers/${kind}`)).toContain('conformance.test.ts');
    expect(list('examples')).toContain(`${kind}.yaml`);
    expect(DOCUMENT).toContain(`(providers/${kind}.md)`);
    expect(list('docs/providers')).toContain(`${kind}.md`);
  });
});
