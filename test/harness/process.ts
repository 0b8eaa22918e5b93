import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eventually } from './waiting.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));

/** Loading TensorFlow.js on a busy machine takes seconds. */
const READY_WITHIN_MS = 45_000;
const END_WITHIN_MS = 20_000;
/** The start of what a process says, where the address is, and the end, where the trouble is. */
const HEAD_CHARS = 20_000;
const TAIL_CHARS = 200_000;

/** One `forescale` command as a process of its own, as a user would run it. */
export class ForescaleProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #stdout = '';
  #stderr = '';
  #exitCode: number | null | undefined;
  /** A test run that breaks off leaves nothing behind. */
  readonly #atExit = () => this.#child.kill('SIGKILL');

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.name = args[0] ?? '';
    this.#child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
      cwd: ROOT,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#stdout = keep(this.#stdout + chunk.toString());
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = keep(this.#stderr + chunk.toString());
    });
    process.once('exit', this.#atExit);
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', (code) => {
        process.off('exit', this.#atExit);
        this.#exitCode = code;
        resolve(code);
      });
    });
  }

  /** Starts a service and waits until it listens. */
  static async service(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<ForescaleProcess & { readonly url: string }> {
    const service = new ForescaleProcess(args, environment);
    const url = await service.says(/"url":"(http:[^"]+)"/, 'stderr');
    return Object.assign(service, { url });
  }

  get alive(): boolean {
    return this.#exitCode === undefined;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** The first group of the first match in what the process has said or will say soon. */
  says(pattern: RegExp, where: 'stdout' | 'stderr', withinMs = READY_WITHIN_MS): Promise<string> {
    return eventually(`${this.name} says ${pattern}`, withinMs, () => {
      const found = pattern.exec(this[where]);
      if (found) return found[1] ?? found[0];
      if (!this.alive) throw new Error(`${this.name} ended with ${this.#exitCode}:\n${this.#stderr.slice(-4_000)}`);
      return null;
    });
  }

  /** What the process comes to by itself. */
  async end(withinMs: number): Promise<number | null> {
    await eventually(`${this.name} ends`, withinMs, () => !this.alive);
    return this.#ended;
  }

  /** `SIGSTOP` lets it stand still until `SIGCONT`; `SIGTERM` asks it to end. */
  send(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void {
    this.#child.kill(signal);
  }

  /** Ends it as a crash would. */
  async crash(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Ends it as Ctrl-C would; resolves to the exit code. */
  async interrupt(): Promise<number | null> {
    if (!this.alive) return this.#ended;
    this.#child.kill('SIGINT');
    try {
      return await this.end(END_WITHIN_MS);
    } finally {
      if (this.alive) await this.crash();
    }
  }
}

function keep(text: string): string {
  if (text.length <= HEAD_CHARS + TAIL_CHARS) return text;
  return `${text.slice(0, HEAD_CHARS)}\n…\n${text.slice(-TAIL_CHARS)}`;
}
