import { OTLPMetricExporter as JsonExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import {
  AggregationTemporality,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPushWorld, type PushWorld } from '../../services/collector/src/push/push-world.test-data.ts';

let world: PushWorld;
beforeEach(async () => {
  world = await createPushWorld();
});
afterEach(() => world.close());

type Options = ConstructorParameters<typeof ProtobufExporter>[0];

/** An application that measures with OpenTelemetry's own SDK, and says so when it is told to. */
function application(exporter: (options: Options) => PushMetricExporter, options: Options = {}) {
  const url = `${world.url}/v1/metrics`;
  const reader = new PeriodicExportingMetricReader({
    exporter: exporter({ url, headers: { authorization: 'Bearer push-token' }, ...options }),
    exportIntervalMillis: 3_600_000,
  });
  const provider = new MeterProvider({ readers: [reader] });
  const meter = provider.getMeter('shop');
  return {
    requests: meter.createCounter('requests'),
    queue: meter.createGauge('queue.length'),
    say: () => provider.forceFlush(),
    end: () => provider.shutdown(),
  };
}

describe.each<[name: string, exporter: (options: Options) => PushMetricExporter]>([
  ['protobuf', (options) => new ProtobufExporter(options)],
  ['JSON', (options) => new JsonExporter(options)],
])("OpenTelemetry's own SDK, in %s", (_name, exporter) => {
  it('its gauge and its counter become samples, whichever temporality it prefers', async () => {
    world.clock.advanceTo(Date.now());
    for (const temporalityPreference of [AggregationTemporality.CUMULATIVE, AggregationTemporality.DELTA]) {
      const app = application(exporter, { temporalityPreference } as Options);
      app.queue.record(7);
      app.requests.add(5);
      await app.say();
      // The SDK's clock counts milliseconds, and a rate is over some.
      const saidMs = Date.now();
      await expect.poll(() => Date.now()).toBeGreaterThan(saidMs + 1);
      app.requests.add(10);
      await app.say();
      await app.end();
    }
    const queue = await world.stored('queue');
    expect(queue.map(({ fields }) => fields.value)).toContain(7);
    const rates = (await world.stored('rps')).map(({ fields }) => Number(fields.value));
    // By steps the first export is a rate; of a count that grows it is only the beginning.
    expect(rates.filter((rate) => rate > 0).length).toBeGreaterThanOrEqual(2);
    expect(world.counts.get('dropped: refused')).toBeUndefined();
  });
});

it("OpenTelemetry's own SDK finds its way by the variables of docs/integrating.md", async () => {
  world.clock.advanceTo(Date.now());
  vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', `${world.url}/v1/metrics`);
  vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_HEADERS', 'authorization=Bearer%20push-token');
  vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_COMPRESSION', 'gzip');
  try {
    const reader = new PeriodicExportingMetricReader({ exporter: new ProtobufExporter() });
    const provider = new MeterProvider({ readers: [reader] });
    provider.getMeter('shop').createGauge('queue.length').record(7);
    await provider.forceFlush();
    expect((await world.stored('queue')).map(({ fields }) => fields.value)).toEqual([7]);
    await provider.shutdown();
  } finally {
    vi.unstubAllEnvs();
  }
});

it("OpenTelemetry's own SDK repeats what was not safe, after the time that it is told, and it is stored once", async () => {
  world.clock.advanceTo(Date.now());
  world.store.away = true;
  const app = application((options) => new ProtobufExporter(options));
  app.queue.record(7);
  const said = app.say();
  await expect.poll(() => world.store.writes).toBeGreaterThan(0);
  world.store.away = false;
  await said;
  expect((await world.stored('queue')).map(({ fields }) => fields.value)).toEqual([7]);
  await app.end();
});
