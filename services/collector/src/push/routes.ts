import type { Config } from '@forescale/shared/config';
import type { FastifyInstance } from 'fastify';
import { kpiWay } from './kpi-way.ts';
import { otlpWay } from './otlp-way.ts';
import { openWay, type PushParts, UnderWay } from './way.ts';

/** `POST /v1/metrics` and `POST /api/v1/kpi`, where the configuration has them. */
export async function pushRoutes(app: FastifyInstance, config: Config, parts: PushParts): Promise<void> {
  const { otlp, push } = config.sources;
  const underWay = new UnderWay();
  if (push) await openWay(app, kpiWay(parts), parts, underWay);
  if (otlp !== null) await openWay(app, otlpWay(parts, otlp, config), parts, underWay);
}
