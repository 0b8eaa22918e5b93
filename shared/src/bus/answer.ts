import type { BusMessage } from './bus.ts';
import { RequestFailedError } from './errors.ts';

/** What a handler answers. A failed request is answered with `{"error": "..."}` and nothing else. */
export async function answerOf(
  handler: (request: BusMessage) => Promise<Uint8Array>,
  request: BusMessage,
): Promise<Uint8Array> {
  try {
    return await handler(request);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return new TextEncoder().encode(JSON.stringify({ error: reason }));
  }
}

/** The answer, unless it says that the request failed. */
export function successOf(answer: BusMessage): BusMessage {
  // Most answers are told apart by their first byte.
  if (answer.data[0] !== OPENING_BRACE) return answer;
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(answer.data));
  } catch {
    return answer;
  }
  const [entry, ...others] = Object.entries(parsed as object);
  if (entry?.[0] === 'error' && typeof entry[1] === 'string' && others.length === 0) {
    throw new RequestFailedError(entry[1]);
  }
  return answer;
}

const OPENING_BRACE = 0x7b;
