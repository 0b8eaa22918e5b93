import type { IncomingMessage, ServerResponse } from 'node:http';
import { context, DiagLogLevel, diag, metrics, propagation, trace } from '@opentelemetry/api';
import { createInstruments, type Instruments, LEAD_TIME } from './instruments.ts';

export interface Telemetry {
  readonly instruments: Instruments;
  /** Answers a scrape of `/metrics` in the Prometheus text format. */
  serveMetrics(request: IncomingMessage, response: ServerResponse): void;
  /** What was not sent yet is, as far as its receiver answers. */
  stop(): Promise<void>;
}

export interface TelemetryOptions {
  /** Where spans go; null: nowhere, and nothing is spent on them. */
  readonly traces: {
    /** Of a receiver of OTLP over HTTP: `http://127.0.0.1:4318/v1/traces`. */
    readonly url: string;
    /** Shown to it as a bearer token. */
    readonly token: string | null;
    /** Of the traces that begin in this process; one that comes from elsewhere is kept or not as it was there. */
    readonly share: number;
  } | null;
  /** Told once of each trouble with what is sent out. */
  readonly onTrouble: (text: string) => void;
}

/** A receiver that hangs shall not keep a process from ending. */
const SEND_WITHIN_MS = 5_000;
const TROUBLE_CHARS_MAX = 300;

/** Starts the OpenTelemetry SDK of this process, once; metrics have no reader but the Prometheus end point. */
export async function startTelemetry(
  serviceName: string,
  { traces, onTrouble }: TelemetryOptions = { traces: null, onTrouble: () => {} },
): Promise<Telemetry> {
  const [{ NodeSDK }, { AggregationType }, { PrometheusExporter }, spanProcessors] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/exporter-prometheus'),
    traces === null ? [] : sendingTo(traces),
  ]);
  hearTroubles(onTrouble);
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const sdk = new NodeSDK({
    serviceName,
    metricReaders: [exporter],
    views: [
      {
        instrumentName: LEAD_TIME.name,
        aggregation: {
          type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
          options: { boundaries: [...LEAD_TIME.boundariesSeconds] },
        },
      },
    ],
    spanProcessors,
    ...(traces === null ? {} : { sampler: await keepingShare(traces.share) }),
    logRecordProcessors: [],
    instrumentations: [],
    autoDetectResources: false,
  });
  sdk.start();
  return {
    instruments: createInstruments(metrics.getMeter('forescale')),
    serveMetrics: (request, response) => exporter.getMetricsRequestHandler(request, response),
    async stop() {
      // Whoever receives the last spans may be away already.
      await sdk.shutdown().catch((error: unknown) => onTrouble(String(error)));
      // The next one of this process registers itself anew.
      for (const part of [metrics, trace, propagation, context, diag]) part.disable();
    },
  };
}

async function sendingTo({ url, token }: NonNullable<TelemetryOptions['traces']>) {
  const [{ OTLPTraceExporter }, { BatchSpanProcessor }] = await Promise.all([
    import('@opentelemetry/exporter-trace-otlp-proto'),
    import('@opentelemetry/sdk-trace'),
  ]);
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  return [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url, headers, timeoutMillis: SEND_WITHIN_MS }) })];
}

async function keepingShare(share: number) {
  const { ParentBasedSampler, TraceIdRatioBasedSampler } = await import('@opentelemetry/sdk-trace');
  return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) });
}

/** What the SDK has to complain of, once as long as it stays the same. */
function hearTroubles(onTrouble: (text: string) => void): void {
  let told = '';
  const tell = (message: string, ...details: unknown[]) => {
    const text = [message, ...details].map(String).join(' ').slice(0, TROUBLE_CHARS_MAX);
    if (text !== told) onTrouble(text);
    told = text;
  };
  const silent = () => {};
  diag.setLogger(
    { error: tell, warn: tell, info: silent, debug: silent, verbose: silent },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}
