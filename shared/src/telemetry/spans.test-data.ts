import { context, propagation, trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';

/** Traces of this process, kept in memory. */
export interface RecordedSpans {
  /** Those that have ended, in that order. */
  ended(): readonly ReadableSpan[];
  stop(): Promise<void>;
}

export function recordSpans(): RecordedSpans {
  const exporter = new InMemorySpanExporter();
  const sdk = new NodeSDK({
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
    metricReaders: [],
    logRecordProcessors: [],
    autoDetectResources: false,
  });
  sdk.start();
  return {
    ended: () => exporter.getFinishedSpans(),
    async stop() {
      await sdk.shutdown();
      for (const part of [trace, propagation, context]) part.disable();
    },
  };
}
