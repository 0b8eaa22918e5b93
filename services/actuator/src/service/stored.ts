import type { StateBucket } from '@forescale/shared/state';
import type { z } from 'zod';

/** An entry of the bucket that is JSON, and its revision; null value where there is none or it cannot be read. */
export async function readStored<Schema extends z.ZodType>(
  state: StateBucket,
  key: string,
  schema: Schema,
): Promise<{ readonly value: z.output<Schema> | null; readonly revision: number }> {
  const entry = await state.get(key);
  if (entry === null) return { value: null, revision: 0 };
  let raw: unknown;
  try {
    raw = JSON.parse(new TextDecoder().decode(entry.value));
  } catch {
    raw = undefined;
  }
  const parsed = schema.safeParse(raw);
  return { value: parsed.success ? parsed.data : null, revision: entry.revision };
}

export function encodeStored(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
