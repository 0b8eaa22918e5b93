import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

/**
 * A place in a trace as it goes from process to process: the header `traceparent` of W3C Trace Context, as in
 * `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`.
 */
export type Traceparent = string;

export const TRACEPARENT = 'traceparent';
const TRACEPARENT_TEXT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
/** Of a batch a span cannot be a child of each message. */
const LINKS_MAX = 32;
const FAILURE_CHARS_MAX = 1_000;

export interface SpanOptions {
  /** What it follows from; absent: the span that is at work, or else a trace begins with it. */
  readonly parent?: Traceparent | undefined;
  /** What it follows from, too. */
  readonly links?: readonly Traceparent[];
  readonly attributes?: Attributes;
  /** Now, when absent. */
  readonly startMs?: number;
}

/** A span that is told of when it is over. */
export interface PastSpan extends SpanOptions {
  readonly startMs: number;
  readonly endMs: number;
  /** What was reached on the way, and when. */
  readonly events?: readonly { readonly name: string; readonly timeMs: number }[];
  /** Why it came to nothing; null: it did not. */
  readonly failure?: string | null;
}

/** What a header says, where it says it rightly. */
export function asTraceparent(header: string | undefined): Traceparent | undefined {
  return header !== undefined && TRACEPARENT_TEXT.test(header) ? header : undefined;
}

/** Where we are; undefined outside of every trace, and where no traces are configured. */
export function activeTraceparent(): Traceparent | undefined {
  return traceparentOf(context.active());
}

/** Runs `work` as a part of what `traceparent` names. */
export function asPartOf<Result>(traceparent: Traceparent | undefined, work: () => Result): Result {
  return traceparent === undefined ? work() : context.with(contextOf(traceparent), work);
}

/** Runs what goes on after whoever has begun it: it is a part of no trace. */
export function outsideOfTraces<Result>(work: () => Result): Result {
  return context.with(ROOT_CONTEXT, work);
}

/** A span that is at work until it is ended; what comes after that changes nothing. */
export interface OpenSpan {
  /** Where it stands; undefined where no traces are configured. */
  readonly traceparent: Traceparent | undefined;
  /** Runs the rest of it: it ends when the promise does, and fails as it does. */
  finish<Result>(work: () => Promise<Result>): Promise<Result>;
  /** `failure`: why it came to nothing. */
  end(failure?: unknown): void;
}

export function openSpan(name: string, options: SpanOptions): OpenSpan {
  const span = start(name, options);
  const inside = trace.setSpan(contextFor(options), span);
  let isOver = false;
  const end = (failure?: unknown) => {
    if (isOver) return;
    isOver = true;
    if (failure !== undefined) fail(span, failure);
    span.end();
  };
  return {
    traceparent: traceparentOf(inside),
    async finish(work) {
      try {
        const result = await context.with(inside, work);
        end();
        return result;
      } catch (error) {
        end(error);
        throw error;
      }
    },
    end,
  };
}

/** Runs `work` in a span, which ends when its promise does, and fails as it does. */
export function inSpan<Result>(name: string, options: SpanOptions, work: () => Promise<Result>): Promise<Result> {
  return openSpan(name, options).finish(work);
}

/** Tells of what is over already; returns where it stands, for what follows from it. */
export function recordSpan(name: string, past: PastSpan): Traceparent | undefined {
  const span = start(name, past);
  for (const { name: reached, timeMs } of past.events ?? []) span.addEvent(reached, new Date(timeMs));
  if (typeof past.failure === 'string') fail(span, past.failure);
  span.end(new Date(past.endMs));
  return traceparentOf(trace.setSpan(ROOT_CONTEXT, span));
}

function start(name: string, options: SpanOptions): Span {
  const { links = [], attributes = {}, startMs } = options;
  const others = [...new Set(links)].filter((one) => one !== options.parent).slice(0, LINKS_MAX);
  return trace
    .getTracer('forescale')
    .startSpan(
      name,
      { attributes, links: others.flatMap(linkOf), ...(startMs === undefined ? {} : { startTime: new Date(startMs) }) },
      contextFor(options),
    );
}

function contextFor({ parent }: SpanOptions): Context {
  return parent === undefined ? context.active() : contextOf(parent);
}

function contextOf(traceparent: Traceparent): Context {
  return propagation.extract(ROOT_CONTEXT, { [TRACEPARENT]: traceparent });
}

function linkOf(traceparent: Traceparent): Link[] {
  const linked = trace.getSpanContext(contextOf(traceparent));
  return linked === undefined ? [] : [{ context: linked }];
}

function traceparentOf(where: Context): Traceparent | undefined {
  const place = trace.getSpanContext(where);
  if (place === undefined || !isSpanContextValid(place)) return undefined;
  return `00-${place.traceId}-${place.spanId}-${place.traceFlags.toString(16).padStart(2, '0')}`;
}

function fail(span: Span, failure: unknown): void {
  const message = failure instanceof Error ? failure.message : String(failure);
  span.setStatus({ code: SpanStatusCode.ERROR, message: message.slice(0, FAILURE_CHARS_MAX) });
}
