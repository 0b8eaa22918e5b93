import { type OpenSpan, openSpan, type Traceparent } from '@forescale/shared/telemetry';
import type { Plan } from '../plan/index.ts';

/** In which spans things were said of a signal. */
export interface SignalTraces {
  readonly signal: string;
  readonly forecast: Traceparent | undefined;
  readonly sample: Traceparent | undefined;
}

/**
 * What a plan follows from, most of all the first: the forecast or the sample of the signal that decides, by
 * `needFrom` (`forecast:<signal>`, `observed:<signal>` and so on; others name no signal); then what else there is.
 */
export function causesOf(needFrom: string, traces: readonly SignalTraces[]): readonly Traceparent[] {
  const [kind, decisive] = needFrom.split(':', 2);
  const first = traces.filter(({ signal }) => signal === decisive);
  const ordered = [...first, ...traces.filter((one) => !first.includes(one))];
  const causes = ordered.flatMap(({ forecast, sample }) =>
    kind === 'observed' ? [sample, forecast] : [forecast, sample],
  );
  return [...new Set(causes.filter((one) => one !== undefined))];
}

/** The span of a plan, begun at `startMs`: it follows from what was said of the signal that decides. */
export function planSpan({ report, actions }: Plan, traces: readonly SignalTraces[], startMs: number): OpenSpan {
  const { pool, mode, generation, need, needFrom, desired, ready } = report;
  const [parent, ...links] = causesOf(needFrom, traces);
  const attributes = {
    ...{ 'forescale.pool': pool, 'forescale.mode': mode, 'forescale.generation': generation },
    ...{ 'forescale.need': need, 'forescale.need_from': needFrom, 'forescale.desired': desired },
    ...{ 'forescale.ready': ready, 'forescale.actions': actions.length },
  };
  return openSpan('plan', { parent, links, attributes, startMs });
}
