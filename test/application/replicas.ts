import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request as forward, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

const APP = fileURLToPath(new URL('../../examples/app/server.ts', import.meta.url));

interface Replica {
  readonly child: ChildProcess;
  /** Null until it listens. */
  port: number | null;
}

/** What kubelets and a Service are to the simulated cluster's pods: a process each, and one address in front of those that listen. */
export class Replicas {
  readonly #replicas = new Map<string, Replica>();
  readonly #server: Server;
  #turn = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Replicas> {
    const server = createServer();
    const replicas = new Replicas(server);
    server.on('request', (request, response) => {
      const ports = replicas.ports;
      const port = ports[replicas.#turn++ % Math.max(1, ports.length)];
      if (port === undefined) return void response.writeHead(503).end();
      const sent = forward({ host: '127.0.0.1', port, path: request.url, method: request.method }, (answer) => {
        response.writeHead(answer.statusCode ?? 502);
        answer.pipe(response);
      });
      sent.on('error', () => response.writeHead(502).end());
      request.pipe(sent);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return replicas;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Of those that listen. */
  get ports(): number[] {
    return [...this.#replicas.values()].flatMap(({ port }) => port ?? []);
  }

  /** Starts a process for each pod that has none, and ends those of pods that are gone. */
  follow(pods: readonly string[]): void {
    for (const pod of pods) if (!this.#replicas.has(pod)) this.#begin(pod);
    for (const [pod, { child }] of this.#replicas)
      if (!pods.includes(pod)) {
        this.#replicas.delete(pod);
        child.kill('SIGTERM');
      }
  }

  async stop(): Promise<void> {
    for (const { child } of this.#replicas.values()) child.kill('SIGKILL');
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #begin(pod: string): void {
    const child = spawn(process.execPath, [APP], {
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const replica: Replica = { child, port: null };
    this.#replicas.set(pod, replica);
    child.stdout?.on('data', (text: Buffer) => {
      replica.port ??= Number(/listening on (\d+)/.exec(text.toString())?.[1] ?? Number.NaN) || null;
    });
  }
}
