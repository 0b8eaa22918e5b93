import type { ConsumeOptions, StreamConfig } from './bus.ts';
import { BusRejectedError } from './errors.ts';

/** What NATS takes by default in one message. */
export const MESSAGE_BYTES_MAX = 1_048_576;

const SUBJECT_CHARS_MAX = 500;
const TOKEN = /^[^\s.*>\p{Cc}]+$/u;
const SUBJECT = /^[^\s.*>\p{Cc}]+(?:\.[^\s.*>\p{Cc}]+)*$/u;
const NAME = /^[A-Za-z0-9_-]{1,100}$/;

/** Refuses what no message can be published as. */
export function checkMessage(subject: string, data: Uint8Array): void {
  checkSubject(subject);
  if (data.byteLength > MESSAGE_BYTES_MAX) {
    throw new BusRejectedError(`${subject}: a message of ${data.byteLength} bytes; at most ${MESSAGE_BYTES_MAX}`);
  }
}

/** A subject without wildcards. */
export function checkSubject(subject: string): void {
  if (subject.length > SUBJECT_CHARS_MAX || !SUBJECT.test(subject))
    throw new BusRejectedError(`subject ${JSON.stringify(subject)}: not a subject to publish on`);
}

/** A subject in which `*` stands for a token and a last `>` for one or more. */
export function checkPattern(pattern: string): void {
  const tokens = pattern.split('.');
  const good = tokens.every(
    (token, index) => token === '*' || (token === '>' && index === tokens.length - 1) || TOKEN.test(token),
  );
  if (!good || pattern.length > SUBJECT_CHARS_MAX) {
    throw new BusRejectedError(`subject ${JSON.stringify(pattern)}: not a subject to listen to`);
  }
}

export function checkStream({ name, subjects, maxAgeMs, maxBytes }: StreamConfig): void {
  checkName('stream', name);
  if (subjects.length === 0) throw new BusRejectedError(`stream ${name}: has no subject`);
  for (const subject of subjects) checkPattern(subject);
  // NATS keeps no age of less than 100 ms.
  if (!(maxAgeMs >= 100)) throw new BusRejectedError(`stream ${name}: maxAgeMs is ${maxAgeMs}; at least 100 is wanted`);
  if (!(maxBytes >= 1)) throw new BusRejectedError(`stream ${name}: maxBytes is ${maxBytes}`);
}

export function checkConsumer({ stream, durable, batch, maxWaitMs, ackWaitMs }: ConsumeOptions): void {
  checkName('stream', stream);
  checkName('consumer', durable);
  if (!Number.isInteger(batch) || batch < 1 || batch > 10_000) {
    throw new BusRejectedError(`consumer ${durable}: batch is ${batch}; 1 to 10000 is wanted`);
  }
  if (!(maxWaitMs >= 0 && maxWaitMs <= 60_000)) {
    throw new BusRejectedError(`consumer ${durable}: maxWaitMs is ${maxWaitMs}; 0 to 60000 is wanted`);
  }
  if (!(ackWaitMs > maxWaitMs)) {
    throw new BusRejectedError(`consumer ${durable}: ackWaitMs is ${ackWaitMs}; more than maxWaitMs is wanted`);
  }
}

/** Responders that share the requests. */
export function checkGroup(group: string | undefined): void {
  if (group !== undefined) checkName('group', group);
}

function checkName(what: string, name: string): void {
  if (!NAME.test(name)) throw new BusRejectedError(`${what} ${JSON.stringify(name)}: not a name (${NAME.source})`);
}

export function matchesSubject(pattern: string, subject: string): boolean {
  return pattern === subject || coversSubject(pattern, subject);
}

/** Whether every subject that fits `inner` fits `outer`. */
export function coversSubject(outer: string, inner: string): boolean {
  const left = outer.split('.');
  const right = inner.split('.');
  for (let index = 0; ; index++) {
    const x = left[index];
    const y = right[index];
    if (x === undefined || y === undefined) return x === y;
    if (x === '>') return true;
    if (x !== y && (x !== '*' || y === '>')) return false;
  }
}

/** Whether some subject fits both. */
export function subjectsOverlap(a: string, b: string): boolean {
  const left = a.split('.');
  const right = b.split('.');
  for (let index = 0; ; index++) {
    const x = left[index];
    const y = right[index];
    // `>` wants at least one token on the other side.
    if (x === undefined || y === undefined) return x === y;
    if (x === '>' || y === '>') return true;
    if (x !== y && x !== '*' && y !== '*') return false;
  }
}
