import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One file of the page: where it is offered, what it is, and where it lies. */
export interface PageAsset {
  /** For example `/` or `/page/main.js`. */
  readonly urlPath: string;
  readonly contentType: string;
  /** Absolute. */
  readonly file: string;
}

const WEB = fileURLToPath(new URL('../web/', import.meta.url));
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Every file that the browser may ask for; nothing else of the folder is offered (types and tests are not). */
export function pageAssets(): readonly PageAsset[] {
  const own = readdirSync(WEB)
    .filter((name) => extname(name) in CONTENT_TYPES && !name.includes('.test.'))
    .map((name) => asset(name === 'index.html' ? '/' : `/page/${name}`, join(WEB, name)));
  // The package's entry, which it exports to everyone, tells where the other builds lie.
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot'));
  return [
    ...own,
    asset('/page/vendor/uplot.js', join(uplot, 'uPlot.esm.js')),
    asset('/page/vendor/uplot.css', join(uplot, 'uPlot.min.css')),
  ];
}

function asset(urlPath: string, file: string): PageAsset {
  return { urlPath, contentType: CONTENT_TYPES[extname(file)] ?? 'application/octet-stream', file };
}
