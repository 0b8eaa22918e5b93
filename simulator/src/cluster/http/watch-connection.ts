import type { ServerResponse } from 'node:http';
import type { WatchReply } from '../api/request.ts';
import { expired } from '../objects/errors.ts';
import type { FaultAction, WatchFault } from './faults.ts';

/** A reader that is this far behind is cut off, as by a real server. */
const BACKLOG_BYTES_MAX = 32 * 2 ** 20;

/** So many events are told again by an echo. */
const ECHOES = 3;

export function isWatchFault(fault: FaultAction | null): fault is WatchFault {
  return fault?.kind === 'watch' || fault?.kind === 'garble' || fault?.kind === 'echo';
}

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
  #told: readonly string[] = [];

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
  close(tail = ''): void {
    this.#release();
    this.#flush();
    if (!this.#silent) this.#response.end(tail);
  }

  #event(line: string): void {
    if (this.#silent || this.#response.destroyed || this.#response.writableEnded) return;
    const fault = this.#fault;
    if (fault?.kind === 'watch' && fault.end === 'tear' && this.#events >= fault.afterEvents) {
      this.close(line.slice(0, line.length / 2));
      return;
    }
    for (const sent of this.#spoiled(line)) this.#send(sent);
    this.#events++;
    this.#applyFault();
  }

  /** The lines that leave instead of this one. */
  #spoiled(line: string): readonly string[] {
    const fault = this.#fault;
    if (fault?.kind === 'garble' && this.#events === fault.afterEvents) return [line.slice(0, line.length / 2)];
    if (fault?.kind !== 'echo') return [line];
    const echoes = this.#told;
    this.#told = [...echoes, line].slice(-ECHOES);
    return [line, line, ...echoes];
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
    if (fault?.kind !== 'watch' || fault.end === 'tear' || this.#silent || this.#events < fault.afterEvents) return;
    if (fault.end === 'expire')
      this.#send(`{"type":"ERROR","object":${JSON.stringify(expired('injected').toStatus())}}`);
    this.#flush();
    if (fault.end === 'silence') this.#silent = true;
    else if (fault.end === 'close' || fault.end === 'expire') this.close();
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
