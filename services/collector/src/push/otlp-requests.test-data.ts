import protobuf from 'protobufjs';
import { NOW_MS } from './push-world.test-data.ts';

export const nano = (timeMs: number) => `${timeMs}000000`;
export const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
export const SHOP = [attribute('service.name', 'shop'), attribute('service.instance.id', 'shop-1')];
const START_MS = NOW_MS - 3_600_000;

/** A request of one metric with one data point. */
export const request = (metric: object, attributes = SHOP, scope = 'x') => ({
  resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ scope: { name: scope }, metrics: [metric] }] }],
});
export const point = (timeMs: number, more: object) => ({
  startTimeUnixNano: nano(START_MS),
  timeUnixNano: nano(timeMs),
  ...more,
});
export const histogram = (timeMs: number, count: number, sum: number, more: object = {}) =>
  request({
    name: 'http.duration',
    unit: 's',
    histogram: {
      aggregationTemporality: 2,
      dataPoints: [point(timeMs, { count: String(count), sum, bucketCounts: ['1'], explicitBounds: [1], ...more })],
    },
  });
export const sum = (
  name: string,
  timeMs: number,
  asDouble: number,
  temporality: number,
  isMonotonic = true,
  more: object = {},
) =>
  request({
    name,
    unit: '{request}',
    sum: { aggregationTemporality: temporality, isMonotonic, dataPoints: [point(timeMs, { asDouble, ...more })] },
  });

/** Two or three bytes a point. */
export function manyPoints(encoding: 'json' | 'protobuf'): string | Uint8Array {
  const points = 1_300_000;
  if (encoding === 'json') {
    const dataPoints = `[${'{},'.repeat(points - 1)}{}]`;
    return `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"queue.length","gauge":{"dataPoints":${dataPoints}}}]}]}]}`;
  }
  const within = (field: number, bytes: Uint8Array) => {
    const writer = protobuf.Writer.create().uint32(field * 8 + 2);
    return writer.bytes(bytes).finish();
  };
  const gauge = within(5, Buffer.alloc(2 * points, Buffer.of(0x0a, 0)));
  // resource_metrics { scope_metrics { metrics { name gauge { data_points {} data_points {} ... } } } }
  return within(1, within(2, within(2, Buffer.concat([within(1, Buffer.from('queue.length')), gauge]))));
}

export interface Answer {
  readonly partialSuccess?: { readonly rejectedDataPoints: number; readonly errorMessage: string };
}
