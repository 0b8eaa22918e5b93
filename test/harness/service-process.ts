import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const START_MS_MAX = 60_000;

/** A service as a process of its own. */
export interface ServiceProcess {
  readonly pid: number;
  /** Root of its HTTP server. */
  readonly url: string;
  readonly isRunning: boolean;
  /** Resolves when the process has ended. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** Starts `forescale NAME --config FILE` and waits until it says where it listens. */
export async function startService(name: string, configFile: string): Promise<ServiceProcess> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, name, '--config', configFile], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines: string[] = [];
  const url = await listening(child, lines).catch((error: Error) => {
    child.kill('SIGKILL');
    throw new Error(`${name}: ${error.message}\n${lines.join('\n')}`);
  });
  return {
    pid: child.pid as number,
    url,
    get isRunning() {
      return child.exitCode === null && child.signalCode === null;
    },
    async kill(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
    },
  };
}

function listening(child: ChildProcess, lines: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('does not listen')), START_MS_MAX);
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)));
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      if (lines.length < 100) lines.push(line);
      const match = /"url":"([^"]+)".*"msg":"listening"/.exec(line);
      if (!match) return;
      clearTimeout(timer);
      resolve(match[1] as string);
    });
  });
}
