import type { Config, OtlpConfig } from '@forescale/shared/config';
import { Counts } from './otlp-rates.ts';
import { OtlpReader } from './otlp-reading.ts';
import { decodeRequest, encodeResponse, encodeStatus, OTLP_BYTES_MAX, type OtlpEncoding } from './otlp-request.ts';
import type { PushParts, Way } from './way.ts';

const TYPES = { json: 'application/json', protobuf: 'application/x-protobuf' } as const;
/** Codes of `google.rpc.Status`; of any other status it is INVALID_ARGUMENT. */
const CODES: Readonly<Record<number, number>> = { 429: 8, 503: 14 };
const INVALID_ARGUMENT = 3;

/** `POST /v1/metrics`: OpenTelemetry's own protocol over HTTP, in either of its encodings. */
export function otlpWay({ accept }: PushParts, otlp: OtlpConfig, config: Config): Way {
  const reader = new OtlpReader(otlp, config);
  const counts = new Counts();
  return {
    source: 'otlp',
    path: '/v1/metrics',
    types: Object.values(TYPES),
    bytesMax: OTLP_BYTES_MAX,
    async take(body, type, atMs) {
      const encoding = encodingOf(type);
      const learning = counts.begin();
      const reading = reader.read(decodeRequest(encoding, body), learning, atMs);
      const screened = await accept('otlp', reading, atMs);
      // Not before its samples are safe: the sender repeats a request that was not, and must find the counts as they were.
      learning.commit(atMs);
      const late = screened.map(({ index }) => reading.points[index] as number);
      const rejected = new Set([...reading.rejected, ...late]).size;
      const reason = reading.refusals[0] ?? screened[0]?.reason ?? '';
      return { status: 200, type: TYPES[encoding], body: encodeResponse(encoding, rejected, reason) };
    },
    fail(status, message, type) {
      const encoding = encodingOf(type);
      const body = encodeStatus(encoding, CODES[status] ?? INVALID_ARGUMENT, message);
      return { status, type: TYPES[encoding], body };
    },
  };
}

/** Whoever says nothing that is known is answered in what can be read by eye. */
function encodingOf(type: string): OtlpEncoding {
  return type === TYPES.protobuf ? 'protobuf' : 'json';
}
