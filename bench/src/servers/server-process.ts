import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, rmSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A real server that a test owns: its own port, its own directory, its own process. */
export interface TestServer {
  readonly url: string;
  /** Of the running process; another one after `restart()`. */
  readonly pid: number;
  /** Sends the signal, and for those that end a process waits until it has ended. The data stay. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again (after a `kill`, or ending it first) on the same port and data. */
  restart(): Promise<void>;
  /** Ends it and removes its directory. */
  stop(): Promise<void>;
}

export interface ServerProgram {
  readonly binary: string;
  /** The Debian package that carries the binary. */
  readonly debianPackage: string;
  readonly url: (port: number, directory: string) => string;
  /** Writes what the server needs into its directory; resolves to the arguments. */
  readonly configure: (directory: string, port: number) => Promise<readonly string[]>;
  /** Whether it answers; asked every 20 ms until the bound. */
  readonly isReady: (port: number, directory: string) => Promise<boolean>;
}

const READY_WITHIN_MS = 30_000;
const END_WITHIN_MS = 10_000;
const START_ATTEMPTS = 3;
const GOES_ON: readonly NodeJS.Signals[] = ['SIGSTOP', 'SIGCONT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'];

/** Starts a server on a free port; another port when somebody took it in between. */
export async function startServer(program: ServerProgram): Promise<TestServer> {
  const path = findOnPath(program);
  for (let attempt = 1; ; attempt++) {
    const directory = await mkdtemp(join(tmpdir(), `forescale-${program.binary}-`));
    const server = new ServerProcess(program, path, directory, await freePort());
    try {
      await server.start();
      return server;
    } catch (error) {
      await server.stop();
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

class ServerProcess implements TestServer {
  readonly url: string;
  readonly #program: ServerProgram;
  readonly #path: string;
  readonly #directory: string;
  readonly #port: number;
  #child: ChildProcess | null = null;
  #output = '';
  /** A test run that ends without `stop()` leaves nothing behind. */
  readonly #atExit = () => {
    this.#child?.kill('SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true });
  };

  constructor(program: ServerProgram, path: string, directory: string, port: number) {
    this.#program = program;
    this.#path = path;
    this.#directory = directory;
    this.#port = port;
    this.url = program.url(port, directory);
    process.once('exit', this.#atExit);
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.#program.binary} is not running`);
    return this.#child.pid;
  }

  async start(): Promise<void> {
    const child = spawn(this.#path, await this.#program.configure(this.#directory, this.#port), {
      cwd: this.#directory,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#output = '';
    const keep = (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString()).slice(-4_000);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.once('exit', () => {
      if (this.#child === child) this.#child = null;
    });
    const deadlineMs = performance.now() + READY_WITHIN_MS;
    while (!(await this.#program.isReady(this.#port, this.#directory))) {
      if (this.#child !== child) throw new Error(`${this.#program.binary} ended at once:\n${this.#output}`);
      if (performance.now() > deadlineMs) {
        throw new Error(`${this.#program.binary} does not answer after ${READY_WITHIN_MS} ms:\n${this.#output}`);
      }
      await delay(20);
    }
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    if (signal === 'SIGSTOP') await stands(child.pid);
    if (GOES_ON.includes(signal)) return;
    const bound = new AbortController();
    const late = delay(END_WITHIN_MS, 'late', { signal: bound.signal }).catch(() => 'ended');
    if ((await Promise.race([ended, late])) === 'late') {
      child.kill('SIGKILL');
      await ended;
    }
    bound.abort();
  }

  async restart(): Promise<void> {
    await this.kill('SIGTERM');
    await this.start();
  }

  async stop(): Promise<void> {
    this.#child?.kill('SIGCONT');
    await this.kill('SIGTERM');
    process.off('exit', this.#atExit);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function findOnPath(program: ServerProgram): string {
  // Debian keeps servers in /usr/sbin, which is not on an ordinary user's PATH.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin', '/usr/local/bin'];
  for (const folder of folders) {
    const path = join(folder, program.binary);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  throw new Error(
    `${program.binary} is not installed; on Debian: apt-get install -y --no-install-recommends ${program.debianPackage}`,
  );
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** Until the process has stopped: a signal is only on its way when it has been sent. */
async function stands(pid: number | undefined): Promise<void> {
  for (let looks = 0; looks < 1_000; looks++) {
    const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') T');
    if (state.slice(state.lastIndexOf(')')).startsWith(') T')) return;
    await delay(1);
  }
}
