import { z } from 'zod';

/** A message that is not what its subject promises. The message of the error names the field and the value. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

const PAYLOAD_BYTES_MAX = 1_048_576;
/** Keeps nothing between two calls. */
const ENCODER = new TextEncoder();
const UTF8 = new TextDecoder('utf-8', { fatal: true });

const NO_MOMENT = 'allowed: an RFC 3339 time, from 1970 on';

/** A moment of the wire: RFC 3339 in UTC or with an offset, as epoch milliseconds. */
export const moment = z.iso
  .datetime({ offset: true, error: NO_MOMENT })
  .transform((text) => Date.parse(text))
  .refine((timeMs) => timeMs >= 0, { error: NO_MOMENT });

const envelope = z.looseObject({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(256),
  source: z.string().min(1).max(256),
  type: z.string().min(1).max(256),
  time: moment.optional(),
  data: z.unknown(),
});

/** A whole message whose data is of `schema`. */
export function eventSchemaOf<Schema extends z.ZodType>(schema: Schema) {
  return envelope.extend({ data: schema });
}

/** What surrounds the data of every message: CloudEvents 1.0 in structured JSON. */
export interface EventOrigin {
  /** Unique per source; a repetition of the same event carries the same id. */
  readonly id: string;
  /** For example `/forescale/predictor`. */
  readonly source: string;
  readonly timeMs: number;
}

export function encodeEvent(type: string, origin: EventOrigin, data: unknown): Uint8Array {
  return ENCODER.encode(
    JSON.stringify({
      specversion: '1.0',
      id: origin.id,
      source: origin.source,
      type: `dev.forescale.${type}.v1`,
      time: rfc3339(origin.timeMs),
      datacontenttype: 'application/json',
      data,
    }),
  );
}

export function rfc3339(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** The data of a CloudEvent, checked against `schema`. Throws `WireError`. */
export function decodeEvent<Schema extends z.ZodType>(bytes: Uint8Array, schema: Schema): z.output<Schema> {
  return parseWire(parseWire(decodeJson(bytes), envelope).data, schema);
}

export function decodeJson(bytes: Uint8Array, bytesMax = PAYLOAD_BYTES_MAX): unknown {
  if (bytes.length > bytesMax) throw new WireError(`payload: ${bytes.length} bytes; allowed: at most ${bytesMax}`);
  try {
    return JSON.parse(UTF8.decode(bytes));
  } catch (error) {
    throw new WireError('payload: not JSON in UTF-8', { cause: error });
  }
}

/** `value` as `schema` wants it; throws `WireError` with the first field that is wrong and what stood there. */
export function parseWire<Schema extends z.ZodType>(value: unknown, schema: Schema): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0] as z.core.$ZodIssue;
  let found: unknown = value;
  for (const key of issue.path) found = (found as Record<PropertyKey, unknown> | null | undefined)?.[key];
  throw new WireError(inOneLine(`${issue.path.join('.') || 'payload'} = ${shown(found)}: ${issue.message}`));
}

function shown(value: unknown): string {
  try {
    return (JSON.stringify(value) ?? 'absent').slice(0, 80);
  } catch {
    // What is nested deeper than the stack can be read, and not written.
    return 'too deep to be shown';
  }
}

/** A sender chooses the names of its fields, but not where lines of our log end. */
function inOneLine(message: string): string {
  return message.replace(/\p{Cc}/gu, ' ');
}
