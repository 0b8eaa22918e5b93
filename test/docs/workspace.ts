import { execFile } from 'node:child_process';
import { readdirSync, symlinkSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { temporaryDirectory } from '../harness/config-file.ts';

const RUN_WITHIN_MS = 100_000;
const OUTPUT_BYTES_MAX = 16 * 2 ** 20;

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A clone of the project as far as its commands can tell: whatever they write stays in a folder that is thrown away. */
export class Workspace {
  readonly path: string;
  readonly remove: () => Promise<void>;

  private constructor(path: string, remove: () => Promise<void>) {
    this.path = path;
    this.remove = remove;
  }

  static async create(): Promise<Workspace> {
    const { path, remove } = await temporaryDirectory();
    for (const name of readdirSync('.').filter((one) => one !== '.git' && one !== 'data'))
      symlinkSync(resolve(name), join(path, name));
    return new Workspace(path, remove);
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.path, name), text);
  }

  /** Runs a line as a shell does that somebody types it into. */
  run(line: string, environment: Readonly<Record<string, string>> = {}): Promise<Ran> {
    return new Promise((done) => {
      const env = { ...process.env, ...environment, npm_config_loglevel: 'error' };
      const options = { cwd: this.path, env, timeout: RUN_WITHIN_MS, maxBuffer: OUTPUT_BYTES_MAX };
      execFile('bash', ['-c', `set -o pipefail; ${line}`], options, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        done({ code, stdout, stderr });
      });
    });
  }
}
