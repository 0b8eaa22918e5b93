import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { nodeJson, podJson } from './objects.ts';

/** How many objects the server has; the numbers of a `churn` are how many of them change. */
export interface Sizes {
  readonly nodes: number;
  readonly pods: number;
}

/** One kind: the version at which each object changed last, and who watches. */
interface Kind {
  readonly versions: number[];
  readonly json: (index: number, version: number) => string;
  readonly watches: Set<ServerResponse>;
  next: number;
}

// An API server that does nothing but show objects, in a process of its own: its work is nobody's measurement.
process.once('message', (sizes: Sizes) => {
  let version = 1_000;
  const kinds: Record<string, Kind> = {
    '/api/v1/nodes': kindOf(sizes.nodes, nodeJson),
    '/api/v1/pods': kindOf(sizes.pods, (index, at) => podJson(index, sizes.nodes, at)),
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const kind = kinds[url.pathname];
    response.setHeader('content-type', 'application/json');
    if (!kind) response.writeHead(404).end('{}');
    else if (url.searchParams.has('watch')) {
      response.flushHeaders();
      kind.watches.add(response);
      response.on('close', () => kind.watches.delete(response));
    } else response.end(page(kind, url.searchParams, version));
  });
  process.on('message', (changed: Sizes) => {
    version = churn(kinds['/api/v1/nodes'], changed.nodes, version);
    version = churn(kinds['/api/v1/pods'], changed.pods, version);
    process.send?.('changed');
  });
  process.on('disconnect', () => process.exit());
  server.listen(0, '127.0.0.1', () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
});

function kindOf(count: number, json: Kind['json']): Kind {
  return { versions: Array.from({ length: count }, (_, index) => index % 900), json, watches: new Set(), next: 0 };
}

function page({ versions, json }: Kind, query: URLSearchParams, version: number): string {
  const from = Number(query.get('continue') ?? 0);
  const to = Math.min(versions.length, from + Number(query.get('limit')));
  const items: string[] = [];
  for (let index = from; index < to; index++) items.push(json(index, versions[index] ?? 0));
  const more = to < versions.length ? `,"continue":"${to}"` : '';
  return `{"metadata":{"resourceVersion":"${version}"${more}},"items":[${items.join(',')}]}`;
}

/** Changes so many objects, one after the other, and tells whoever watches. Returns the newest version. */
function churn(kind: Kind | undefined, count: number, version: number): number {
  if (!kind) return version;
  let now = version;
  for (let i = 0; i < count; i++) {
    const index = kind.next++ % kind.versions.length;
    kind.versions[index] = ++now;
    const line = `{"type":"MODIFIED","object":${kind.json(index, now)}}\n`;
    for (const watch of kind.watches) watch.write(line);
  }
  for (const watch of kind.watches)
    watch.write(`{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"${now}"}}}\n`);
  return now;
}
