import { readFileSync, statSync } from 'node:fs';
import Fastify from 'fastify';
import { describe, expect, test } from 'vitest';
import { pageAssets, pageRoutes } from './index.ts';

const assets = pageAssets();
const paths = new Set(assets.map(({ urlPath }) => urlPath));

describe('pageAssets', () => {
  test('the whole page is below 300 kB', () => {
    expect(assets.reduce((sum, { file }) => sum + statSync(file).size, 0)).toBeLessThan(300_000);
  });

  test('whatever a module imports is offered', () => {
    for (const { urlPath, file } of assets.filter(({ urlPath }) => urlPath.endsWith('.js'))) {
      for (const [, target] of readFileSync(file, 'utf8').matchAll(/^(?:import|export) .*from '(\..*)';$/gm)) {
        expect(paths, `${urlPath} imports ${target}`).toContain(new URL(target ?? '', `http://x${urlPath}`).pathname);
      }
    }
  });

  test('whatever the document asks for is offered, and nothing is inline', () => {
    const html = readFileSync(assets.find(({ urlPath }) => urlPath === '/')?.file ?? '', 'utf8');
    for (const [, target] of html.matchAll(/(?:src|href)="(page\/[^"]+)"/g)) expect(paths).toContain(`/${target}`);
    expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/);
  });

  test('types and tests are not offered', () => {
    expect([...paths].filter((path) => path.includes('.test.') || path.endsWith('.ts'))).toEqual([]);
  });
});

describe('pageRoutes', () => {
  test('serves every file with its type under a strict policy, and tells when it has not changed', async () => {
    const server = Fastify();
    await server.register(pageRoutes());
    for (const { urlPath, contentType } of assets) {
      const answer = await server.inject(urlPath);
      expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, contentType]);
      expect(answer.headers['content-security-policy']).toMatch(
        /^default-src 'none'; script-src 'self'; style-src 'self';/,
      );
      const again = await server.inject({ url: urlPath, headers: { 'if-none-match': String(answer.headers.etag) } });
      expect(again.statusCode).toBe(304);
    }
    await server.close();
  });
});
