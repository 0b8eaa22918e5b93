import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { FastifyPluginAsync } from 'fastify';
import { pageAssets } from './assets.ts';

/** Nothing but the page's own files runs, styles or is asked; nobody frames it. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Serves the page under `/`. All files (about 220 kB) are read once, when the plugin is registered; a file that is missing
 * then rejects the registration. Browsers ask each time whether a file changed, and are told by its hash.
 */
export function pageRoutes(): FastifyPluginAsync {
  return async (server) => {
    for (const { urlPath, contentType, file } of pageAssets()) {
      const content = await readFile(file);
      const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 24)}"`;
      server.get(urlPath, async (request, reply) => {
        void reply.headers({
          etag,
          'cache-control': 'no-cache',
          'content-security-policy': CONTENT_SECURITY_POLICY,
          'x-content-type-options': 'nosniff',
          'referrer-policy': 'no-referrer',
        });
        if (request.headers['if-none-match'] === etag) return reply.code(304).send();
        return reply.type(contentType).send(content);
      });
    }
  };
}
