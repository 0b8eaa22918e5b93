import { expect } from 'vitest';
import { WireError } from './index.ts';

export const bytesOf = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

/** The message of the refusal: a WireError of one line. */
export function refusal(decode: () => unknown): string {
  let message = 'accepted';
  try {
    decode();
  } catch (error) {
    expect(error).toBeInstanceOf(WireError);
    message = (error as Error).message;
  }
  expect(message).toMatch(/^\P{Cc}+$/u);
  return message;
}
