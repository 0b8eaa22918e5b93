import type { Traceparent } from '@forescale/shared/telemetry';

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
