import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../cli/src/main.ts', import.meta.url));
const READY_WITHIN_MS = 120_000;
const POLL_MS = 50;
const SAID_CHARS_MAX = 20_000;

/** A service as a process of its own, and what Linux tells of it. */
export class MeasuredProcess {
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

  static async start(name: string, config: string): Promise<MeasuredProcess> {
    const started = new MeasuredProcess(name, config);
    const untilMs = performance.now() + READY_WITHIN_MS;
    while (!started.#said.includes('"msg":"listening"')) {
      if (started.#child.exitCode !== null || performance.now() > untilMs)
        throw new Error(`${name} does not listen: ${started.#said}`);
      await delay(POLL_MS);
    }
    return started;
  }

  /** Of memory that was ever in use at once, in MiB. */
  async peakMib(): Promise<number> {
    const status = await readFile(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024;
  }

  /** Computed since its start, on all processors together. Linux tells it in hundredths of a second, behind the name. */
  async cpuSeconds(): Promise<number> {
    const text = await readFile(`/proc/${this.#child.pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGINT');
    await ended;
  }
}
