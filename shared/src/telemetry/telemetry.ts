import type { IncomingMessage, ServerResponse } from 'node:http';
import { metrics } from '@opentelemetry/api';
import { createInstruments, type Instruments, LEAD_TIME } from './instruments.ts';

export interface Telemetry {
  readonly instruments: Instruments;
  /** Answers a scrape of `/metrics` in the Prometheus text format. */
  serveMetrics(request: IncomingMessage, response: ServerResponse): void;
  stop(): Promise<void>;
}

/** Starts the OpenTelemetry SDK of this process, once; its only reader is the Prometheus end point. */
export async function startTelemetry(serviceName: string): Promise<Telemetry> {
  const [{ NodeSDK }, { AggregationType }, { PrometheusExporter }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/exporter-prometheus'),
  ]);
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
    spanProcessors: [],
    logRecordProcessors: [],
    instrumentations: [],
    autoDetectResources: false,
  });
  sdk.start();
  return {
    instruments: createInstruments(metrics.getMeter('forescale')),
    serveMetrics: (request, response) => exporter.getMetricsRequestHandler(request, response),
    async stop() {
      await sdk.shutdown();
      // The next one of this process registers itself anew.
      metrics.disable();
    },
  };
}
