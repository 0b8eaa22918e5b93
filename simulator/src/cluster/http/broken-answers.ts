import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { FaultAction } from './faults.ts';

/** Faults of an answer that has been worked out and does not arrive as it is. */
type BrokenAnswer = Extract<FaultAction, { kind: 'cut' | 'trickle' | 'garbage' }>;

export function isBroken(fault: FaultAction | null): fault is BrokenAnswer {
  return fault?.kind === 'cut' || fault?.kind === 'trickle' || fault?.kind === 'garbage';
}

/** Sends what the fault leaves of an answer. */
export function breakAnswer(
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders,
  body: string,
  fault: BrokenAnswer,
): void {
  if (fault.kind === 'garbage') sendGarbage(response, fault.of);
  else if (fault.kind === 'trickle') trickle(response.writeHead(status, headers), Buffer.from(body), fault.everyMs);
  else cut(response, status, headers, Buffer.from(body), fault);
}

function cut(
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders,
  bytes: Buffer,
  { share, end }: Extract<BrokenAnswer, { kind: 'cut' }>,
): void {
  const part = bytes.subarray(0, Math.floor(bytes.length * share));
  // A shorter answer that says so is one that a proxy has cut: nothing on the wire shows it.
  response.writeHead(status, { ...headers, 'content-length': end === 'close' ? part.length : bytes.length });
  if (end === 'close') response.end(part);
  else response.write(part, () => end === 'reset' && response.socket?.resetAndDestroy());
}

function sendGarbage(response: ServerResponse, of: 'body' | 'protocol'): void {
  if (of === 'protocol') {
    response.socket?.end(Buffer.from([0x16, 0x03, 0x01, 0x00, 0xff, 0x00, 0x0d, 0x0a]));
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end('<html><body>Welcome to nginx!</body></html>');
}

/** One byte at a time, until all are sent or the client goes. */
function trickle(response: ServerResponse, bytes: Buffer, everyMs: number): void {
  let sent = 0;
  const timer = setInterval(() => {
    response.write(bytes.subarray(sent, ++sent));
    if (sent < bytes.length) return;
    clearInterval(timer);
    response.end();
  }, everyMs);
  timer.unref();
  response.on('close', () => clearInterval(timer));
}
