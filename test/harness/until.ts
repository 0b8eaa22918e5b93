import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 50;

/** Asks again and again until `ask` gives something but null, false or undefined; fails after `msMax` with `what`. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | null | false | undefined>,
  msMax = 30_000,
): Promise<T> {
  const endMs = performance.now() + msMax;
  let last: unknown = null;
  while (performance.now() < endMs) {
    try {
      const answer = await ask();
      if (answer !== null && answer !== false && answer !== undefined) return answer;
    } catch (error) {
      last = error;
    }
    await delay(POLL_MS);
  }
  throw new Error(`not within ${msMax} ms: ${what}`, { cause: last });
}
