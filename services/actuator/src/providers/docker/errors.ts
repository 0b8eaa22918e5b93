import { z } from 'zod';
import { MARK_MS, type Mark, type ProviderError } from '../errors.ts';
import { classified, type HttpFailure, type Rule } from '../refusal.ts';

const MARK: Mark = { ms: MARK_MS, scope: 'offering' };

const bodySchema = z.object({ message: z.string() });

/** What a machine that is full says, of its disk or of its memory. */
const CREATE_RULES: readonly Rule[] = [
  { errorClass: 'conflict', codes: /^HTTP 409$/ },
  { errorClass: 'capacity', codes: /^HTTP 500$/, message: /no space left on device|cannot allocate memory/i },
];

/**
 * What an answer of the Docker engine means, which knows no codes but HTTP's; null: what was asked for is so already. A
 * container is asked for by name: one that has it is the one.
 */
export function dockerError(
  call: 'create' | 'start' | 'remove' | 'read',
  { status, body }: HttpFailure,
): ProviderError | null {
  if (call === 'start' && status === 304) return null;
  // 409: its removal is under way.
  if (call === 'remove' && (status === 404 || status === 409)) return null;
  const message = bodySchema.safeParse(body).data?.message ?? '';
  const refusal = { status, code: `HTTP ${status}`, message, retryAfterMs: null };
  return classified(refusal, call === 'create' || call === 'start' ? CREATE_RULES : [], MARK);
}
