import type { TopLevelSpec } from 'vega-lite';
import { CHART_CONFIG, INK, titleOf } from '../svg.ts';
import type { Measured } from './provision.ts';

const COLOURS = { sent: '#d97706', answered: '#0f62a8' };

/** How many calls were sent and answered by when, a panel for each case. */
export function pictureOf(measured: readonly Measured[]): TopLevelSpec {
  const values = measured.flatMap(({ mode, nodes, ratePerSecond, calls }) => {
    const rate = ratePerSecond === null ? 'no limit' : `${ratePerSecond} calls a second`;
    const panel = `${mode}, ${nodes} nodes, ${rate}`;
    const steps = (event: 'sent' | 'answered', times: readonly number[]) => [
      { panel, event, seconds: 0, calls: 0 },
      ...times.toSorted((a, b) => a - b).map((ms, i) => ({ panel, event, seconds: ms / 1_000, calls: i + 1 })),
    ];
    return [
      ...steps(
        'sent',
        calls.map(({ sentMs }) => sentMs),
      ),
      ...steps(
        'answered',
        calls.flatMap(({ answeredMs }) => answeredMs ?? []),
      ),
    ];
  });
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 16,
    title: titleOf('From a plan to its machines', 'calls that were sent and answered, by the time since the first'),
    data: { values },
    facet: { field: 'panel', type: 'nominal', sort: null, header: { labelColor: INK } },
    columns: 2,
    spec: {
      width: 300,
      height: 150,
      mark: { type: 'line', interpolate: 'step-after', strokeWidth: 1.8 },
      encoding: {
        x: { field: 'seconds', type: 'quantitative', axis: { title: 'seconds', tickCount: 5 } },
        y: { field: 'calls', type: 'quantitative', axis: { title: 'calls', tickCount: 4 } },
        color: {
          field: 'event',
          type: 'nominal',
          sort: null,
          scale: { domain: Object.keys(COLOURS), range: Object.values(COLOURS) },
        },
      },
    },
    config: CHART_CONFIG,
  };
}
