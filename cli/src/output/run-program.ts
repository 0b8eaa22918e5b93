import { ConfigError } from '@forescale/shared/config';
import { TraceError } from '@forescale/shared/trace';
import { type Command, CommanderError } from 'commander';
import { UsageError } from './usage.ts';

/** Exit codes that scripts may rely on. */
const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Runs one command line and resolves to its exit code. Whatever is wrong is one line on stderr. */
export async function runProgram(
  createProgram: (signal: AbortSignal) => Command,
  args: readonly string[],
): Promise<number> {
  const abort = new AbortController();
  const interrupt = () => abort.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const program = createProgram(abort.signal);
  try {
    await program.parseAsync(args, { from: 'user' });
    return abort.signal.aborted ? EXIT.interrupted : EXIT.done;
  } catch (error) {
    return report(program.name(), error, abort.signal);
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

function report(name: string, error: unknown, signal: AbortSignal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (signal.aborted) return EXIT.interrupted;
  process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof ConfigError || error instanceof UsageError || error instanceof TraceError) return EXIT.usage;
  if (process.env.FORESCALE_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return EXIT.failed;
}
