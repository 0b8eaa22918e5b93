import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../cli/src/main.ts', import.meta.url));
const READY_WITHIN_MS = 120_000;
const POLL_MS = 50;
const SAID_CHARS_MAX = 20_000;

/** A service as a process of its own. */
export class ServiceProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  #said = '';

  private constructor(name: string, config: string) {
    this.name = name;
    const args = ['--disable-warning=ExperimentalWarning', MAIN, name, '--config', config];
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString()).slice(-SAID_CHARS_MAX);
    });
  }

  static async start(name: string, config: string): Promise<ServiceProcess> {
    const started = new ServiceProcess(name, config);
    const untilMs = performance.now() + READY_WITHIN_MS;
    while (!started.#said.includes('"msg":"listening"')) {
      if (started.#child.exitCode !== null || performance.now() > untilMs)
        throw new Error(`${name} does not listen: ${started.#said}`);
      await delay(POLL_MS);
    }
    return started;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGINT');
    await ended;
  }
}
