import { vi } from 'vitest';
import { runCli } from '../../cli/src/program.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process; what it writes is kept from the terminal. */
export async function ran(...args: readonly string[]): Promise<Ran> {
  const text = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((chunk) => {
      text[stream] += chunk.toString();
      return true;
    }),
  );
  try {
    return { code: await runCli(args), ...text };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
