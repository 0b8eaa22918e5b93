import { SpanStatusCode } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { activeTraceparent, asPartOf, asTraceparent, inSpan, openSpan, outsideOfTraces, recordSpan } from './index.ts';
import { type RecordedSpans, recordSpans } from './spans.test-data.ts';

const ELSEWHERE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const OTHER = '00-11111111111111111111111111111111-2222222222222222-01';
const NOT_KEPT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';

describe('where no traces are configured', () => {
  it('work runs, and there is no place in a trace', async () => {
    expect(await inSpan('work', { parent: ELSEWHERE }, async () => activeTraceparent())).toBeUndefined();
    expect(asPartOf(ELSEWHERE, activeTraceparent)).toBeUndefined();
    expect(openSpan('work', {}).traceparent).toBeUndefined();
    expect(recordSpan('work', { startMs: 1, endMs: 2 })).toBeUndefined();
  });
});

describe('spans', () => {
  let recorded: RecordedSpans;
  beforeEach(() => {
    recorded = recordSpans();
  });
  afterEach(() => recorded.stop());
  const ended = (name: string) => recorded.ended().find((one) => one.name === name);

  it('one that follows from another process is of its trace, and so is what happens in it', async () => {
    const seen = await inSpan('outer', { parent: ELSEWHERE }, () =>
      inSpan('inner', { attributes: { pool: 'web' } }, async () => activeTraceparent()),
    );
    const [outer, inner] = [ended('outer'), ended('inner')];
    expect(outer?.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(outer?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
    expect(seen).toBe(`00-${inner?.spanContext().traceId}-${inner?.spanContext().spanId}-01`);
    expect(inner?.attributes).toEqual({ pool: 'web' });
    expect(activeTraceparent()).toBeUndefined();
  });

  it('one that was not kept elsewhere is not kept here, and says so on', async () => {
    const seen = await inSpan('work', { parent: NOT_KEPT }, async () => activeTraceparent());
    expect(seen).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/);
    expect(recorded.ended()).toEqual([]);
  });

  it('links what else it follows from: each once, its parent not, and no more than 32', async () => {
    const many = Array.from({ length: 40 }, (_, i) => `00-${'3'.repeat(32)}-${String(i).padStart(16, '4')}-01`);
    await inSpan('work', { parent: ELSEWHERE, links: [ELSEWHERE, OTHER, OTHER, ...many] }, async () => {});
    const links = ended('work')?.links ?? [];
    expect(links).toHaveLength(32);
    expect(links[0]?.context.spanId).toBe('2222222222222222');
    expect(new Set(links.map(({ context }) => context.spanId)).size).toBe(32);
  });

  it('fails as its work does', async () => {
    await expect(inSpan('work', {}, () => Promise.reject(new Error('no room')))).rejects.toThrow('no room');
    expect(ended('work')?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no room' });
  });

  it('ends once, with what it ended with first', async () => {
    const span = openSpan('work', {});
    await span.finish(async () => {});
    span.end(new Error('too late'));
    expect(recorded.ended().map(({ name, status }) => [name, status.code])).toEqual([['work', SpanStatusCode.UNSET]]);
  });

  it('outside of traces nothing is part of one', async () => {
    await inSpan('work', {}, async () => expect(outsideOfTraces(activeTraceparent)).toBeUndefined());
  });

  it('what is over is told with its own times', () => {
    const events = [{ name: 'launched', timeMs: 2_000 }];
    const place = recordSpan('start', { parent: ELSEWHERE, startMs: 1_000, endMs: 5_500, events, failure: 'late' });
    const span = ended('start');
    expect([span?.startTime, span?.endTime]).toEqual([
      [1, 0],
      [5, 500_000_000],
    ]);
    expect(span?.events.map(({ name, time }) => [name, time[0]])).toEqual([['launched', 2]]);
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'late' });
    expect(place).toContain(span?.spanContext().spanId);
  });
});

describe('a header', () => {
  it.each([
    ['a good one', ELSEWHERE, ELSEWHERE],
    ['none', undefined, undefined],
    ['one of a later version', '01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', undefined],
    ['with something behind it', `${ELSEWHERE}-more`, undefined],
    ['in capitals', ELSEWHERE.toUpperCase(), undefined],
  ])('%s', (_what, header, read) => {
    expect(asTraceparent(header)).toBe(read);
  });

  it('of zeros is no place in a trace', async () => {
    const recorded = recordSpans();
    await inSpan('work', { parent: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01` }, async () => {});
    expect(recorded.ended()[0]?.parentSpanContext).toBeUndefined();
    await recorded.stop();
  });
});
