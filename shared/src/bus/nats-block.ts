import { headers, type MsgHdrs, type NatsConnection } from 'nats';
import { activeTraceparent, asTraceparent, TRACEPARENT, type Traceparent } from '../telemetry/index.ts';
import type { BusMessage } from './bus.ts';

/** What the library's own `publish` hands its commands to, and exports no type of. */
interface Protocol {
  sendCommand(command: Uint8Array): void;
  outBytes: number;
  outMsgs: number;
}

const HEAD_CHARS = 'HPUB  1048576 1048576\r\n\r\n'.length;
/** Of a block of headers with a `traceparent` in it. */
const HEADER_BYTES_MAX = 128;
const LINE_END = '\r\n';

/**
 * Publishes messages in order, with one command for all of them: the library makes each a text, bytes and four buffers
 * first, which costs more than what they carry. Throws the library's error, and sends none, when the connection is closed or
 * one of them is larger than the server takes. Subjects are not checked here. All of them carry the span that is at work.
 */
export function publishBlock(
  connection: NatsConnection,
  messages: readonly Pick<BusMessage, 'subject' | 'data'>[],
): void {
  const payloadMax = payloadMaxOf(connection);
  const refused = messages.find(({ data }) => data.byteLength > payloadMax);
  const [first, ...rest] = refused === undefined ? messages : [refused];
  if (first === undefined) return;
  // The library's own way, which says whether the connection and the server take it; the server cuts off who sends more.
  const active = activeTraceparent();
  const hasRoom = active !== undefined && messages.every(({ data }) => fits(connection, data));
  const traceparent = hasRoom ? active : undefined;
  connection.publish(first.subject, first.data, { ...headed(traceparent) });
  if (rest.length === 0) return;
  const { protocol } = connection as unknown as { readonly protocol: Protocol };
  protocol.outMsgs += rest.length;
  for (const { data } of rest) protocol.outBytes += data.byteLength;
  protocol.sendCommand(blockOf(rest, headText(traceparent)));
}

/** The header of what is published now: none outside of every trace, and on what has room for none. */
export function traceHeader(connection: NatsConnection, data: Uint8Array): { headers?: MsgHdrs } {
  return fits(connection, data) ? headed(activeTraceparent()) : {};
}

/** Where it was published, as its header says; what is no such thing is ignored. */
export function traceparentIn(message: { readonly headers?: MsgHdrs | undefined }): Traceparent | undefined {
  return asTraceparent(message.headers?.get(TRACEPARENT));
}

function headed(traceparent: Traceparent | undefined): { headers?: MsgHdrs } {
  if (traceparent === undefined) return {};
  const made = headers();
  made.set(TRACEPARENT, traceparent);
  return { headers: made };
}

function headText(traceparent: Traceparent | undefined): string {
  return traceparent === undefined ? '' : `NATS/1.0\r\n${TRACEPARENT}: ${traceparent}\r\n\r\n`;
}

function payloadMaxOf({ info }: NatsConnection): number {
  return info?.max_payload ?? Number.POSITIVE_INFINITY;
}

/** The server counts headers too, and what we carry shall never be why a message is refused. */
function fits(connection: NatsConnection, { byteLength }: Uint8Array): boolean {
  return byteLength + HEADER_BYTES_MAX <= payloadMaxOf(connection);
}

function blockOf(messages: readonly Pick<BusMessage, 'subject' | 'data'>[], header: string): Uint8Array {
  let size = header.length * messages.length;
  // A character is at most three bytes.
  for (const { subject, data } of messages) size += 3 * subject.length + data.byteLength + HEAD_CHARS;
  const block = Buffer.allocUnsafe(size);
  let at = 0;
  for (const { subject, data } of messages) {
    at +=
      header === ''
        ? block.write(`PUB ${subject} ${data.byteLength}\r\n`, at)
        : block.write(`HPUB ${subject} ${header.length} ${header.length + data.byteLength}\r\n${header}`, at);
    block.set(data, at);
    at += data.byteLength;
    at += block.write(LINE_END, at, 'latin1');
  }
  return block.subarray(0, at);
}
