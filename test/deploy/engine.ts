import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startDockerEngine, type TestServer } from '../servers/index.ts';

const run = promisify(execFile);
const BUSYBOX = '/bin/busybox';
const OUTPUT_BYTES_MAX = 64 * 2 ** 20;

/** A Docker engine with a network of its own, and the commands that talk to it. Each rejects with what it says. */
export class Engine {
  readonly #server: TestServer;
  readonly #inside: ChildProcess[] = [];

  private constructor(server: TestServer) {
    this.#server = server;
  }

  /** Or, in words, why there is none here that starts containers. */
  static async start(): Promise<Engine | string> {
    let engine: Engine;
    try {
      engine = new Engine(await startDockerEngine({ network: 'own' }));
    } catch (error) {
      return inShort(error);
    }
    try {
      await engine.#runPlainContainer();
      return engine;
    } catch (error) {
      await engine.stop();
      return `it starts no container here: ${inShort(error)}`;
    }
  }

  /** Can it do what it is for, with nothing of ours in it? */
  async #runPlainContainer(): Promise<void> {
    const context = await mkdtemp(join(tmpdir(), 'forescale-plain-'));
    try {
      await copyFile(BUSYBOX, join(context, 'busybox'));
      await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nCOPY busybox /\nENTRYPOINT ["/busybox", "true"]\n');
      await this.docker('build', '--quiet', '--tag', 'plain', context);
      await this.docker('run', '--rm', 'plain');
    } finally {
      await rm(context, { recursive: true, force: true });
    }
  }

  async docker(...args: readonly string[]): Promise<string> {
    return await this.#run('docker', args);
  }

  /** Compose on a project, in its folder. */
  async compose(folder: string, environment: Readonly<Record<string, string>>, ...args: string[]): Promise<string> {
    return await this.#run('docker-compose', ['--project-name', 'forescale-test', ...args], folder, environment);
  }

  /** Starts a program that sees the engine's network, and waits for its first word. */
  async startInside(...args: readonly [string, ...string[]]): Promise<void> {
    const child = spawn('nsenter', this.#entering(args), { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#inside.push(child);
    const ended = once(child, 'exit').then(() => {
      throw new Error(`${args.join(' ')} ended`);
    });
    await Promise.race([once(child.stdout as NonNullable<typeof child.stdout>, 'data'), ended]);
    ended.catch(() => {});
  }

  /** What a program says that sees the engine's network, as one on the machine would that runs it. */
  async inside(...args: readonly string[]): Promise<string> {
    return (await run('nsenter', this.#entering(args))).stdout;
  }

  async stop(): Promise<void> {
    for (const child of this.#inside) child.kill('SIGKILL');
    // Its containers live in its namespace of processes, and end with it.
    await this.#server.kill('SIGKILL');
    await this.#server.stop();
  }

  #entering(args: readonly string[]): string[] {
    return ['--target', String(this.#server.pid), '--net', '--', ...args];
  }

  async #run(command: string, args: readonly string[], cwd?: string, environment = {}): Promise<string> {
    const env = { ...process.env, ...environment, DOCKER_HOST: this.#server.url, DOCKER_BUILDKIT: '0' };
    const { stdout, stderr } = await run(command, args, { cwd, env, maxBuffer: OUTPUT_BYTES_MAX });
    return command === 'docker' && args[0] === 'build' ? stdout + stderr : stdout;
  }
}

function inShort(error: unknown): string {
  const lines = error instanceof Error ? error.message.trim().split('\n') : [String(error)];
  return [...new Set([...lines.slice(0, 2), lines.at(-1)])].join(' … ').slice(0, 500);
}
