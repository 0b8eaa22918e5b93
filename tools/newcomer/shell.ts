import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const TAIL_CHARS = 4_000;
const EXPORT = /^export ([A-Z_]+)=(.*)$/;
const CHANGE_FOLDER = / && cd (\S+)$/;

/** One terminal, into which commands are typed one after the other. */
export class Shell {
  #cwd: string;
  readonly #environment: Record<string, string>;
  readonly #running: ChildProcess[] = [];

  constructor(cwd: string, environment: Readonly<Record<string, string>>) {
    this.#cwd = cwd;
    this.#environment = { ...environment };
  }

  get cwd(): string {
    return this.#cwd;
  }

  /** Waits for its end; what the user has set already is not set again. Rejects with the end of what it said where it fails. */
  async type(command: string): Promise<string> {
    const exported = EXPORT.exec(command);
    if (exported) {
      this.#environment[exported[1] as string] ??= exported[2] as string;
      return '';
    }
    const child = this.#start(command);
    let said = '';
    const hear = (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-TAIL_CHARS);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`${command}: ended with ${code}: ${said}`);
    const folder = CHANGE_FOLDER.exec(command)?.[1];
    if (folder !== undefined) this.#cwd = `${this.#cwd}/${folder}`;
    return said;
  }

  /** Lets it run until `stop`. */
  leave(command: string): void {
    const child = this.#start(command);
    child.stdout?.resume();
    child.stderr?.resume();
    this.#running.push(child);
  }

  async stop(): Promise<void> {
    for (const child of this.#running.splice(0)) {
      const ended = once(child, 'close');
      if (child.exitCode === null && child.pid !== undefined) {
        process.kill(-child.pid, 'SIGINT');
        await ended;
      }
    }
  }

  #start(command: string): ChildProcess {
    const env = { ...process.env, ...this.#environment };
    // A group of its own, so that what npm starts ends with it.
    return spawn('bash', ['-c', command], { cwd: this.#cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  }
}
