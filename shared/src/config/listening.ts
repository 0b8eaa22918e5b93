import { line } from './issues.ts';

export const host = line(253, 'an address to listen on, such as 127.0.0.1');

/** Whoever listens here is heard by this machine only. */
export function isLoopback(address: string): boolean {
  return ['127.0.0.1', '::1', 'localhost'].includes(address);
}
