import type { TopLevelSpec } from 'vega-lite';
import { CHART_CONFIG, POLICY_COLOURS, SOFT_INK, titleOf } from '../svg.ts';
import { frontOf, type Scored } from './levels.ts';

/** On a logarithmic axis nothing at all has no place; whatever is less is drawn there. */
const UNMET_MIN = 1e-5;
/** What misses more, or costs more, is of no interest to anybody who would choose. */
const UNMET_MAX = 0.05;
const RATIO_MAX = 2.5;

/** The fronts of all policies, a panel for each trace and boot. */
export function pictureOf(scored: readonly Scored[]): TopLevelSpec {
  const groups = Map.groupBy(scored, ({ trace, bootSeconds, policy }) => `${trace} ${bootSeconds} ${policy}`);
  const points = [...groups.values()].flatMap((group) =>
    frontOf(group).map(({ trace, bootSeconds, policy, unmetDemandShare, costRatio }) => ({
      trace,
      boot: `boot ${bootSeconds} s`,
      policy,
      unmet: Math.max(UNMET_MIN, unmetDemandShare),
      ratio: costRatio,
    })),
  );
  const policies = [...new Set(points.map(({ policy }) => policy))];
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 16,
    title: titleOf(
      'What each policy pays for how little it misses',
      'node-steps over those of perfect foresight that misses as much; best settings of each policy; lower left is better',
    ),
    data: { values: points.filter(({ unmet, ratio }) => unmet <= UNMET_MAX && ratio <= RATIO_MAX) },
    facet: {
      row: { field: 'boot', type: 'nominal', sort: null },
      column: { field: 'trace', type: 'nominal', sort: null },
    },
    spec: {
      width: 210,
      height: 180,
      mark: { type: 'line', point: { size: 22 }, interpolate: 'step-after', strokeWidth: 1.6 },
      encoding: {
        x: {
          field: 'unmet',
          type: 'quantitative',
          scale: { type: 'log', domain: [UNMET_MIN, UNMET_MAX] },
          axis: { format: '~%', values: [1e-5, 1e-4, 1e-3, 1e-2], title: 'unmet demand' },
        },
        y: {
          field: 'ratio',
          type: 'quantitative',
          scale: { domain: [1, RATIO_MAX], clamp: true },
          axis: { format: '.1f', tickCount: 5, title: 'cost over the bound' },
        },
        order: { field: 'unmet', type: 'quantitative' },
        color: {
          field: 'policy',
          type: 'nominal',
          sort: null,
          scale: { domain: policies, range: policies.map((policy) => POLICY_COLOURS[policy] ?? SOFT_INK) },
        },
      },
    },
    config: CHART_CONFIG,
  };
}
