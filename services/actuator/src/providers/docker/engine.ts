import { networkReason } from '@forescale/shared/network';
import type { z } from 'zod';
import { ProviderError } from '../errors.ts';
import { dockerError } from './errors.ts';

type Call = Parameters<typeof dockerError>[0];

interface Abortable {
  readonly abortSignal: AbortSignal;
}

/** As much of `dockerode` as is used: its own types know not every option that it takes. */
export interface Engine {
  ping(options: Abortable): Promise<unknown>;
  version(options: Abortable): Promise<unknown>;
  info(options: Abortable): Promise<unknown>;
  /** `_query` and `_body` are sent apart, as they stand. */
  createContainer(options: Abortable & { readonly _query: object; readonly _body: object }): Promise<unknown>;
  listContainers(options: Abortable & { readonly all: boolean; readonly filters: string }): Promise<unknown>;
  getContainer(idOrName: string): EngineContainer;
  getImage(name: string): { inspect(options: Abortable): Promise<unknown> };
  pull(image: string, options: Abortable): Promise<NodeJS.ReadableStream>;
}

interface EngineContainer {
  inspect(options: Abortable): Promise<unknown>;
  putArchive(archive: Buffer, options: Abortable & { readonly path: string }): Promise<unknown>;
  start(options: Abortable): Promise<unknown>;
  remove(options: Abortable & { readonly force: boolean; readonly v: boolean }): Promise<unknown>;
}

/** How `dockerode` rejects: with the engine's answer, or with what became of the connection. */
interface EngineFailure {
  readonly statusCode?: unknown;
  readonly json?: unknown;
}

/** The HTTP status of a refusal; null: there was no answer. */
function statusOf(error: unknown): number | null {
  const { statusCode } = (error ?? {}) as EngineFailure;
  return typeof statusCode === 'number' ? statusCode : null;
}

/** Of a stream `dockerode` tells only in its message: "(HTTP code 404) unexpected - manifest unknown ". */
function refusalOf({ json, message }: EngineFailure & Error): unknown {
  return json ?? { message: message.replace(/^\(HTTP code \d+\) [^-]* - /, '').trim() };
}

/**
 * The call's outcome, as the schema has it. Rejects with `ProviderError`; resolves to null where what was asked for is so
 * already, or `expected` is the status of the refusal.
 */
export async function engineCall<Schema extends z.ZodType>(
  call: Call,
  schema: Schema,
  send: () => Promise<unknown>,
  expected: number | null = null,
): Promise<z.output<Schema> | null> {
  let answer: unknown;
  try {
    answer = await send();
  } catch (error) {
    const status = statusOf(error);
    if (status !== null && status === expected) return null;
    if (status === null) throw new ProviderError('transient', `docker: ${networkReason(error)}`, { cause: error });
    const refused = dockerError(call, { status, headers: {}, body: refusalOf(error as EngineFailure & Error) });
    if (refused === null) return null;
    throw refused;
  }
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ProviderError('transient', `unreadable answer: ${issue?.path.join('.')}: ${issue?.message}`);
}
