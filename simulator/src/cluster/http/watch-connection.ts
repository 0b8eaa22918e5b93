import type { ServerResponse } from 'node:http';
import type { WatchReply } from '../api/request.ts';
import type { FaultAction } from './faults.ts';

/** A reader that is this far behind is cut off, as by a real server. */
const BACKLOG_BYTES_MAX = 32 * 2 ** 20;

type WatchFault = Extract<FaultAction, { kind: 'watch' }>;

/**
 * One open watch: sends a line per event until its time is over, the reader goes, or a fault ends it. Lines of one turn
 * of the event loop leave together.
 */
export class WatchConnection {
  readonly #response: ServerResponse;
  readonly #reply: WatchReply;
  readonly #fault: WatchFault | null;
  readonly #timers: NodeJS.Timeout[] = [];
  #pending: string[] = [];
  #events = 0;
  #silent = false;

  constructor(response: ServerResponse, reply: WatchReply, fault: WatchFault | null) {
    this.#response = response;
    this.#reply = reply;
    this.#fault = fault;
  }

  open(bookmarkIntervalMs: number): void {
    this.#response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
    this.#response.flushHeaders();
    this.#response.on('close', () => this.#release());
    this.#applyFault();
    const open = this.#reply.feed.start((line) => this.#event(line));
    if (!open) {
      this.close();
      return;
    }
    this.#timers.push(setTimeout(() => this.#timeOut(), this.#reply.timeoutSeconds * 1000));
    if (this.#reply.bookmarks) this.#timers.push(setInterval(() => this.#bookmark(), bookmarkIntervalMs));
    for (const timer of this.#timers) timer.unref();
  }

  /** Ends the watch as a server does: everything sent, then the last chunk. */
  close(): void {
    this.#release();
    this.#flush();
    if (!this.#silent) this.#response.end();
  }

  #event(line: string): void {
    if (this.#silent || this.#response.destroyed) return;
    this.#send(line);
    this.#events++;
    this.#applyFault();
  }

  #send(line: string): void {
    if (this.#pending.push(line) === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    if (this.#pending.length === 0 || this.#response.destroyed || this.#response.writableEnded) return;
    this.#response.write(`${this.#pending.join('\n')}\n`);
    this.#pending = [];
    if (this.#response.writableLength > BACKLOG_BYTES_MAX) this.#response.destroy();
  }

  #bookmark(): void {
    if (!this.#silent) this.#send(this.#reply.feed.bookmark());
  }

  #timeOut(): void {
    if (this.#silent) return;
    if (this.#reply.bookmarks) this.#send(this.#reply.feed.bookmark());
    this.close();
  }

  #applyFault(): void {
    const fault = this.#fault;
    if (fault === null || this.#silent || this.#events < fault.afterEvents) return;
    this.#flush();
    if (fault.end === 'silence') this.#silent = true;
    else if (fault.end === 'close') this.close();
    else {
      this.#release();
      this.#response.socket?.resetAndDestroy();
    }
  }

  #release(): void {
    this.#reply.feed.stop();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.length = 0;
  }
}
