import { createHash, timingSafeEqual } from 'node:crypto';
import type { UserInfo } from '../api/request.ts';

/** Whoever asks without a token where none is needed. */
const ADMIN: UserInfo = { name: 'system:admin', groups: ['system:masters', 'system:authenticated'] };

/** Whoever cannot say who they are: may see whether the server is alive, and nothing else. */
export const NOBODY: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/** Finds out who asks. Null: nobody that this server knows (401). */
export type Authenticate = (authorization: string | undefined) => UserInfo | null;

/** Bearer tokens and who they stand for; with none at all, everybody is an administrator. */
export function authenticateByToken(users: ReadonlyMap<string, UserInfo>): Authenticate {
  if (users.size === 0) return () => ADMIN;
  return (authorization) => {
    const found = [...users].find(([token]) => matchesToken(authorization, token));
    return found?.[1] ?? null;
  };
}

/** Whether an `Authorization` header carries this bearer token. Takes as long for a near miss as for any other. */
export function matchesToken(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
  return given !== undefined && timingSafeEqual(digestOf(given), digestOf(token));
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
