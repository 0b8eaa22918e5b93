import type { TopLevelSpec } from 'vega-lite';
import { CHART_CONFIG, POLICY_COLOURS, SOFT_INK, titleOf } from '../svg.ts';
import type { TrialAnswer } from './jobs.ts';

/** On a logarithmic axis nothing at all has no place; whatever is less is drawn there. */
const UNMET_MIN = 1e-5;

/** A panel for each shape: what each policy missed against what it cost. */
export function pictureOf(results: readonly TrialAnswer[]): TopLevelSpec {
  const policies = [...new Set(results.map(({ policy }) => policy))];
  const values = results.map(({ shape, policy, unmetDemandShare, usd, nodesCreated }) => ({
    shape,
    policy,
    unmet: Math.max(UNMET_MIN, unmetDemandShare),
    usd,
    created: nodesCreated,
  }));
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 16,
    title: titleOf(
      'All policies on all shapes of load, through whole clusters',
      'what was missed against what it cost, at default settings; the larger, the more nodes were created; lower left is better',
    ),
    data: { values },
    facet: { field: 'shape', type: 'nominal', sort: null },
    columns: 5,
    spec: {
      width: 170,
      height: 150,
      mark: { type: 'point', filled: true, opacity: 0.85 },
      encoding: {
        x: {
          field: 'unmet',
          type: 'quantitative',
          scale: { type: 'log', domain: [UNMET_MIN, 1] },
          axis: { format: '~%', values: [1e-5, 1e-3, 1e-1], title: 'unmet demand' },
        },
        y: { field: 'usd', type: 'quantitative', scale: { zero: false }, axis: { tickCount: 4, title: 'USD' } },
        size: { field: 'created', type: 'quantitative', scale: { range: [40, 400] }, legend: null },
        color: {
          field: 'policy',
          type: 'nominal',
          sort: null,
          scale: { domain: policies, range: policies.map((policy) => POLICY_COLOURS[policy] ?? SOFT_INK) },
        },
      },
    },
    resolve: { scale: { y: 'independent' } },
    config: CHART_CONFIG,
  };
}
