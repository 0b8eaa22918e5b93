import { cost } from './dashboards/cost.ts';
import { forecast } from './dashboards/forecast.ts';
import { health } from './dashboards/health.ts';
import { scaling } from './dashboards/scaling.ts';
import { DIALECTS, type Dialect } from './spec.ts';
import { toGrafana } from './to-grafana.ts';

export const DASHBOARDS = [forecast, scaling, cost, health] as const;

/** Where a dashboard lies below `deploy/grafana/`. */
export const pathOf = (dialect: Dialect, id: string) => `dashboards/${dialect}/${id}.json`;

/** Every file, and what stands in it. */
export function dashboardFiles(): ReadonlyMap<string, string> {
  const files = DIALECTS.flatMap((dialect) =>
    DASHBOARDS.map(
      (spec) => [pathOf(dialect, spec.id), `${JSON.stringify(toGrafana(spec, dialect), null, 2)}\n`] as const,
    ),
  );
  return new Map(files);
}
