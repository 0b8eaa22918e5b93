import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { silentLog } from '../telemetry/index.ts';
import { ManualClock, seededRandom } from '../time/index.ts';
import { connectKubernetes } from './index.ts';
import { Informer } from './informer.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** One kind of a server that changes at once, and tells its watches only when it is told to. */
class SlowTeller {
  readonly asked: string[] = [];
  readonly #objects = new Map<string, number>();
  readonly #untold: string[] = [];
  #watch: ServerResponse | null = null;
  #version = 10;

  async listen(): Promise<string> {
    const server = createServer((request, response) => {
      const query = new URL(request.url ?? '', 'http://localhost').searchParams;
      this.asked.push(query.has('watch') ? 'watch' : query.get('limit') === '1' ? 'version' : 'list');
      if (!query.has('watch')) {
        response.end(JSON.stringify({ metadata: { resourceVersion: String(this.#version) }, items: this.#items() }));
        return;
      }
      this.#watch = response;
      response.flushHeaders();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  change(name: string): void {
    this.#objects.set(name, ++this.#version);
    const object = { metadata: { name, uid: name, resourceVersion: String(this.#version) } };
    this.#untold.push(`${JSON.stringify({ type: 'MODIFIED', object })}\n`);
  }

  get isWatched(): boolean {
    return this.#watch !== null;
  }

  /** Tells the watch of the oldest change that it does not know yet. */
  tell(): void {
    const line = this.#untold.shift() ?? '';
    this.#watch?.write(line);
  }

  #items(): object[] {
    return [...this.#objects].map(([name, version]) => ({
      metadata: { name, uid: name, resourceVersion: String(version) },
    }));
  }
}

async function opened() {
  const server = new SlowTeller();
  for (const name of ['a', 'b', 'c']) {
    server.change(name);
    server.tell();
  }
  const url = await server.listen();
  const clock = new ManualClock(0);
  const kube = connectKubernetes({ kubeconfig: null, context: null, url });
  const nameOf = (raw: unknown) => (raw as { readonly metadata: { readonly name: string } }).metadata.name;
  const parts = { kube, clock, random: seededRandom(1), log: silentLog(), pageSize: 2 };
  const informer = new Informer('/things', 'thing', nameOf, parts);
  closing.push(() => informer.close());
  expect(await informer.fresh()).toEqual(['a', 'b', 'c']);
  while (!server.isWatched) await turn();
  server.change('d');
  server.tell();
  expect(await informer.fresh()).toContain('d');
  return { server, clock, informer };
}

/** Lets the informer come to wait again, however the machine is loaded: nothing but the clock can move it on then. */
async function settled(work: Promise<unknown>): Promise<boolean> {
  let done = false;
  void work.then(() => {
    done = true;
  });
  for (let i = 0; i < 50 && !done; i++) await turn();
  return done;
}

it('waits for a watch that goes on telling, event by event, and lists nothing', async () => {
  const { server, clock, informer } = await opened();
  const before = server.asked.length;
  for (const name of ['e', 'f', 'g', 'h']) server.change(name);
  const read = informer.fresh();
  while (server.asked.length === before) await turn();
  for (let told = 0; told < 4; told++) {
    await settled(read);
    clock.advanceTo(clock.nowMs() + 900);
    server.tell();
    await settled(read);
  }
  expect(await read).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
  expect(server.asked.slice(before)).toEqual(['version']);
});

it('lists after a second in which a watch has told nothing, and drops it for what the list shows', async () => {
  const { server, clock, informer } = await opened();
  const before = server.asked.length;
  server.change('e');
  const read = informer.fresh();
  while (!(await settled(read))) clock.advanceTo(clock.nowMs() + 250);
  expect(await read).toContain('e');
  while (server.asked.slice(before).join() !== 'version,list,watch') {
    clock.advanceTo(clock.nowMs() + 250);
    await turn();
  }
});
