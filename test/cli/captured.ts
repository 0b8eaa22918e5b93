import { vi } from 'vitest';
import { runCli } from '../../cli/src/program.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `forescale` in this process. */
export function ran(...args: readonly string[]): Promise<Ran> {
  return captured(() => runCli(args));
}

/** What it writes is kept from the terminal. */
export async function captured(run: () => Promise<number>): Promise<Ran> {
  const text = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((chunk) => {
      text[stream] += chunk.toString();
      return true;
    }),
  );
  try {
    return { code: await run(), ...text };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
