import { z } from 'zod';
import type { Answer, Counts } from './fuzz-world.ts';
import { OTLP_TYPES } from './otlp-types.ts';
import type { Payload } from './payloads.ts';

/** What an answer says of its payload, and what is wrong with it beside what was counted; null: nothing. */
export interface Verdict {
  /** All of it was taken, by the answer. */
  readonly isAccepted: boolean;
  readonly wrong: string | null;
}

const REFUSALS = [400, 413, 415];
const PROTOBUF = 'application/x-protobuf';

const kpiAnswer = z.strictObject({
  accepted: z.int().min(0),
  refused: z.array(z.strictObject({ index: z.int().min(0), reason: z.string().min(1) })).max(100),
});
const kpiError = z.strictObject({ error: z.string().min(1) });
const otlpAnswer = z.strictObject({
  partialSuccess: z
    .strictObject({ rejectedDataPoints: z.coerce.number().int().min(1), errorMessage: z.string().min(1) })
    .optional(),
});
const otlpError = z.strictObject({ code: z.literal(3), message: z.string().min(1) });

/** Holds the answer to a payload against what was written and refused meanwhile, by the metrics. */
export function judge(payload: Payload, answer: Answer, counted: Counts): Verdict {
  if (answer.status !== 200 && !REFUSALS.includes(answer.status)) return { isAccepted: false, wrong: 'not expected' };
  try {
    return payload.path === '/v1/metrics' ? judgeOtlp(answer, counted) : judgeKpi(answer, counted);
  } catch (error) {
    return { isAccepted: false, wrong: `its answer cannot be read: ${String(error)}` };
  }
}

function judgeKpi({ status, body }: Answer, counted: Counts): Verdict {
  const json: unknown = JSON.parse(body.toString());
  const said = kpiAnswer.safeParse(json);
  if (!said.success) {
    kpiError.parse(json);
    return verdict(status, { written: 0, refused: 1 }, counted);
  }
  const { accepted, refused } = said.data;
  return verdict(status, { written: accepted, refused: refused.length }, counted);
}

/** Of a point there may be several samples, one, or none yet: what is written is not in the answer. */
function judgeOtlp({ status, type, body }: Answer, counted: Counts): Verdict {
  const isProtobuf = type === PROTOBUF;
  if (status !== 200) {
    otlpError.parse(isProtobuf ? OTLP_TYPES.status.decode(body).toJSON() : JSON.parse(body.toString()));
    return verdict(status, { written: 0, refused: 1 }, counted);
  }
  const { partialSuccess } = otlpAnswer.parse(
    isProtobuf ? OTLP_TYPES.response.decode(body).toJSON() : JSON.parse(body.toString()),
  );
  const rejected = partialSuccess?.rejectedDataPoints ?? 0;
  const isCounted = rejected === 0 ? counted.refused === 0 : counted.refused >= rejected;
  return { isAccepted: rejected === 0, wrong: isCounted ? null : `${rejected} rejected, ${counted.refused} counted` };
}

function verdict(status: number, said: Counts, counted: Counts): Verdict {
  const isAccepted = status === 200 && said.refused === 0;
  if (said.written === counted.written && said.refused === counted.refused) return { isAccepted, wrong: null };
  const wrong = `${said.written} written and ${said.refused} refused by the answer, ${counted.written} and ${counted.refused} counted`;
  return { isAccepted, wrong };
}
