import type { WatchFeed } from './watch.ts';

/** Who asks, as the server's authentication found out. */
export interface UserInfo {
  readonly name: string;
  readonly groups: readonly string[];
}

export interface ApiRequest {
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly body: string;
  readonly user: UserInfo;
}

export interface JsonReply {
  readonly type: 'json';
  readonly status: number;
  readonly body: string;
  readonly retryAfterSeconds?: number;
}

export interface TextReply {
  readonly type: 'text';
  readonly status: number;
  readonly body: string;
}

/** The connection stays open: whoever holds it starts the feed and stops it when the connection ends. */
export interface WatchReply {
  readonly type: 'watch';
  readonly feed: WatchFeed;
  readonly timeoutSeconds: number;
  readonly bookmarks: boolean;
}

export type ApiReply = JsonReply | TextReply | WatchReply;

export function jsonReply(status: number, body: unknown): JsonReply {
  return { type: 'json', status, body: JSON.stringify(body) };
}
