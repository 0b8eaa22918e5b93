import { createReadStream, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { lockedPackages, NpmCache } from './locked-packages.ts';

/**
 * A registry of just the packages that a lock file names, out of npm's cache, for a build that sees no other network.
 * Arguments: the lock file, the cache, the registry that it was filled from, the port. The bytes are those that npm got.
 */
const [lockFile = '', folder = '', registry = '', port = ''] = process.argv.slice(2);
const packages = Map.groupBy(lockedPackages(readFileSync(lockFile, 'utf8')), ({ name }) => name);
const cache = new NpmCache(folder, registry);
const origin = `http://127.0.0.1:${port}`;

createServer((request, response) => {
  const [name = '', version] = decodeURIComponent(request.url ?? '/')
    .slice(1)
    .split('/-/');
  const known = packages.get(name) ?? [];
  if (version !== undefined) {
    const tarball = cache.tarball({ name, version });
    if (tarball === null) response.writeHead(404).end();
    else createReadStream(tarball.file).pipe(response);
    return;
  }
  const versions = known.map((one) => {
    const dist = { integrity: cache.tarball(one)?.integrity, tarball: `${origin}/${name}/-/${one.version}` };
    return [one.version, { ...one, dist }];
  });
  response.writeHead(known.length > 0 ? 200 : 404, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ name, 'dist-tags': {}, versions: Object.fromEntries(versions) }));
}).listen(Number(port), '127.0.0.1', () => process.stdout.write('listening\n'));
