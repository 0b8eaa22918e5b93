import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { parseConfig } from '@forescale/shared/config';
import { describe, expect, it } from 'vitest';
import { documents } from './commands.ts';

const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;
const CONFIGURATION = /^( *)```yaml\n( *autoscaler:\n[\s\S]*?)^ *```$/gm;
const files = [...(await documents()), 'CHANGELOG.md'];

/** As a page of Markdown names its sections. */
function anchorsOf(file: string): ReadonlySet<string> {
  const titles = [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => title);
  return new Set(titles.map(anchorOf));
}

function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** Where a link leads to nothing. */
function isBroken(file: string, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const found = path === '' ? file : normalize(join(dirname(file), path));
  if (!existsSync(found)) return true;
  return anchor !== undefined && found.endsWith('.md') && !anchorsOf(found).has(anchor);
}

describe.each(files)('%s', (file) => {
  const text = readFileSync(file, 'utf8');

  it('leads to what there is', () => {
    const targets = [...text.matchAll(LINK)].map(([, target = '']) => target);
    const ours = targets.filter((target) => !/^[a-z]+:/.test(target));
    expect(ours.filter((target) => isBroken(file, target))).toEqual([]);
  });

  it('shows no configuration that is not taken', () => {
    for (const [, indent = '', block = ''] of text.matchAll(CONFIGURATION)) {
      const yaml = block.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
      expect(() => parseConfig(yaml, file, { PROM_TOKEN: 'x' }), yaml).not.toThrow();
    }
  });
});

it('docs/README.md, the path, leads to every page', () => {
  const path = readFileSync('docs/README.md', 'utf8');
  const pages = files.filter((file) => /^docs\/[a-z-]+\.md$/.test(file) && file !== 'docs/README.md');
  expect(pages.filter((page) => !path.includes(`(${page.replace('docs/', '')})`))).toEqual([]);
});
