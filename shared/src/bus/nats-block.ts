import type { NatsConnection } from 'nats';
import type { BusMessage } from './bus.ts';

/** What the library's own `publish` hands its commands to, and exports no type of. */
interface Protocol {
  sendCommand(command: Uint8Array): void;
  outBytes: number;
  outMsgs: number;
}

const HEAD_CHARS = 'PUB  1048576\r\n\r\n'.length;
const LINE_END = '\r\n';

/**
 * Publishes messages in order, with one command for all of them: the library makes each a text, bytes and four buffers
 * first, which costs more than what they carry. Throws the library's error, and sends none, when the connection is closed or
 * one of them is larger than the server takes. Subjects are not checked here.
 */
export function publishBlock(connection: NatsConnection, messages: readonly BusMessage[]): void {
  const payloadMax = connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
  const refused = messages.find(({ data }) => data.byteLength > payloadMax);
  const [first, ...rest] = refused === undefined ? messages : [refused];
  if (first === undefined) return;
  // The library's own way, which says whether the connection and the server take it; the server cuts off who sends more.
  connection.publish(first.subject, first.data);
  if (rest.length === 0) return;
  const { protocol } = connection as unknown as { readonly protocol: Protocol };
  protocol.outMsgs += rest.length;
  for (const { data } of rest) protocol.outBytes += data.byteLength;
  protocol.sendCommand(blockOf(rest));
}

function blockOf(messages: readonly BusMessage[]): Uint8Array {
  let size = 0;
  // A character is at most three bytes.
  for (const { subject, data } of messages) size += 3 * subject.length + data.byteLength + HEAD_CHARS;
  const block = Buffer.allocUnsafe(size);
  let at = 0;
  for (const { subject, data } of messages) {
    at += block.write(`PUB ${subject} ${data.byteLength}\r\n`, at);
    block.set(data, at);
    at += data.byteLength;
    at += block.write(LINE_END, at, 'latin1');
  }
  return block.subarray(0, at);
}
