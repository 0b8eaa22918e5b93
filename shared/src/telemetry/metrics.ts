import type { IncomingMessage, ServerResponse } from 'node:http';
import { createInstruments, type Instruments, LEAD_TIME } from './instruments.ts';

export interface Telemetry {
  readonly instruments: Instruments;
  /** Answers a scrape of `/metrics` in the Prometheus text format. */
  serveMetrics(request: IncomingMessage, response: ServerResponse): void;
  stop(): Promise<void>;
}

/** Starts the metrics of this process; their only reader is the Prometheus end point. */
export async function startTelemetry(serviceName: string): Promise<Telemetry> {
  // Not the SDK for Node as a whole, which brings every exporter that there is, gRPC and all.
  const [{ AggregationType, MeterProvider }, { PrometheusExporter }, { defaultResource, resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/sdk-metrics'),
      import('@opentelemetry/exporter-prometheus'),
      import('@opentelemetry/resources'),
    ]);
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const provider = new MeterProvider({
    resource: defaultResource().merge(resourceFromAttributes({ 'service.name': serviceName })),
    readers: [exporter],
    views: [
      {
        instrumentName: LEAD_TIME.name,
        aggregation: {
          type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
          options: { boundaries: [...LEAD_TIME.boundariesSeconds] },
        },
      },
    ],
  });
  return {
    instruments: createInstruments(provider.getMeter('forescale')),
    serveMetrics: (request, response) => exporter.getMetricsRequestHandler(request, response),
    stop: () => provider.shutdown(),
  };
}
