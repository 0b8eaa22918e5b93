import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { startInflux, startNats, type TestServer } from './index.ts';

const directoryOf = async (server: TestServer) => {
  const { readlink } = await import('node:fs/promises');
  return readlink(`/proc/${server.pid}/cwd`);
};

it.each([
  ['nats-server', startNats],
  ['influxd', startInflux],
])('%s: keeps its address over a restart and leaves nothing behind', async (_name, start) => {
  const server = await start();
  const directory = await directoryOf(server);
  const { pid, url } = server;
  await server.kill('SIGKILL');
  expect(existsSync(`/proc/${pid}`)).toBe(false);
  await server.restart();
  expect(server.url).toBe(url);
  expect(server.pid).not.toBe(pid);
  const last = server.pid;
  await server.stop();
  expect(existsSync(`/proc/${last}`)).toBe(false);
  expect(existsSync(directory)).toBe(false);
});

it('influxd: asks for the account that it was given', async () => {
  const server = await startInflux({ user: 'admin', password: "it's" });
  const ask = (headers: Record<string, string>) => fetch(`${server.url}/query?q=SHOW+DATABASES`, { headers });
  const login = { authorization: `Basic ${Buffer.from("admin:it's").toString('base64')}` };
  expect((await ask({})).status).toBe(401);
  expect((await ask(login)).status).toBe(200);
  await server.stop();
});

it('says which Debian package is missing', async () => {
  const { startServer } = await import('@forescale/bench/servers');
  const missing = { binary: 'no-such-server', debianPackage: 'some-package', url: String };
  const never = { configure: async () => [], isReady: async () => true };
  await expect(startServer({ ...missing, ...never })).rejects.toThrow(
    'apt-get install -y --no-install-recommends some-package',
  );
});
