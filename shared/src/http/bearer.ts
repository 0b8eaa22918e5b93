import { timingSafeEqual } from 'node:crypto';

/** Whether this is the header of that token; takes as long whatever is wrong. */
export function isBearer(authorization: string | undefined, token: string): boolean {
  const given = Buffer.from(authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
