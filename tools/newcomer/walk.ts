import { setTimeout as delay } from 'node:timers/promises';
import type { Shell } from './shell.ts';
import type { Step } from './steps.ts';

const POLL_MS = 250;
const WITHIN_MS = 120_000;

export interface Walked {
  readonly step: Step;
  readonly seconds: number;
}

/**
 * Goes the steps as somebody would who types what they say; `up` goes on in a terminal of its own, and what is asked of it
 * afterwards is asked until it answers. `typed`: what is typed for a command; null: it is passed by.
 */
export async function walk(
  steps: readonly Step[],
  shell: Shell,
  typed: (command: string) => string | null = (command) => command,
  told: (walked: Walked) => void = () => {},
): Promise<readonly Walked[]> {
  const walked: Walked[] = [];
  for (const step of steps) {
    const startMs = performance.now();
    for (const command of step.commands.map(typed).filter((one) => one !== null)) {
      if (command.includes(' up ')) shell.leave(command);
      else if (command.startsWith('curl ')) await untilItAnswers(shell, command);
      else await shell.type(command);
    }
    const one = { step, seconds: (performance.now() - startMs) / 1_000 };
    walked.push(one);
    told(one);
  }
  return walked;
}

/** With a plan that knows a forecast. */
async function untilItAnswers(shell: Shell, command: string): Promise<void> {
  const deadlineMs = performance.now() + WITHIN_MS;
  for (;;) {
    const answer = await shell.type(command).catch((error: Error) => error.message);
    if (answer.includes('forecast:rps')) return;
    if (performance.now() > deadlineMs) throw new Error(`${command}: no plan with a forecast: ${answer.slice(-1_000)}`);
    await delay(POLL_MS);
  }
}
