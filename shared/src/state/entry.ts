import { StateConflictError, StateRejectedError } from './errors.ts';

const KEY = /^[a-zA-Z0-9_=-]+(\.[a-zA-Z0-9_=-]+)*$/;
const KEY_CHARS_MAX = 200;
const VALUE_BYTES_MAX = 512 * 1024;

/** Refuses what some adapter could not keep, so that all of them keep the same. */
export function checkKey(key: string): void {
  if (key.length > KEY_CHARS_MAX || !KEY.test(key)) {
    throw new StateRejectedError(`key ${JSON.stringify(key)}: not a key (${KEY.source}, ${KEY_CHARS_MAX} characters)`);
  }
}

export function checkValue(key: string, value: Uint8Array): void {
  if (value.byteLength > VALUE_BYTES_MAX) {
    throw new StateRejectedError(`${key}: a value of ${value.byteLength} bytes; at most ${VALUE_BYTES_MAX}`);
  }
}

export function checkRevision(key: string, revision: number): void {
  if (!Number.isSafeInteger(revision) || revision < 0) {
    throw new StateRejectedError(`${key}: ${revision} is not a revision`);
  }
}

export function conflict(key: string, revision: number): StateConflictError {
  return new StateConflictError(`${key}: has been written since revision ${revision}`);
}
