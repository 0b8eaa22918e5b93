import { recordSpan, type Traceparent } from '@forescale/shared/telemetry';
import type { NodeEvent } from '../execute/index.ts';

/**
 * Tells of a start that is over as a span, from the order to the Ready node or to its end; returns where what is said of the
 * node belongs.
 */
export function traceNode({ event, record, timeMs, why }: NodeEvent): Traceparent | undefined {
  const { traceparent: parent, createdMs, launchedMs, registeredMs, readyMs, offering } = record;
  const hasFailed = event === 'failed' && readyMs === null;
  if (event !== 'ready' && !hasFailed) return parent;
  const reached = [
    { name: 'launched', timeMs: launchedMs },
    { name: 'registered', timeMs: registeredMs },
  ].filter((one): one is { name: string; timeMs: number } => one.timeMs !== null);
  return recordSpan('node start', {
    ...{ parent, startMs: createdMs, endMs: Math.max(createdMs, readyMs ?? timeMs), events: reached },
    failure: hasFailed ? why : null,
    attributes: {
      'forescale.pool': record.pool,
      'forescale.generation': record.generation,
      'k8s.node.name': record.nodeName,
      'host.type': offering.instanceType,
      'cloud.availability_zone': offering.zone,
      'forescale.capacity_type': offering.capacityType,
    },
  });
}
