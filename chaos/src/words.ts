import type { Fault, Storm } from './faults/fault.ts';

/** The time of day, in UTC. */
export function clockOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(11, 23);
}

export function describeFault(fault: Fault): string {
  const span = `${clockOf(fault.fromMs)} to ${clockOf(fault.untilMs)}`;
  return `${span} ${fault.name}${detailOf(fault)}`;
}

function detailOf(fault: Fault): string {
  if (fault.on === 'calls') return ` (${Math.round(100 * fault.share)} % of ${fault.calls.join(', ')})`;
  if (fault.on === 'load') return ` (${fault.factor.toFixed(1)} times)`;
  if (fault.on === 'world') return ` (${fault.count})`;
  if (fault.what === 'killed-at' || fault.what === 'frozen-at')
    return ` (${fault.edge} ${fault.calls} number ${fault.after + 1})`;
  return fault.what === 'clock-jump' ? ` (${fault.skewMs / 1_000} s)` : '';
}

export function describeStorm(storm: Storm): string {
  return [`storm, over at ${clockOf(storm.settledMs)}:`, ...storm.faults.map((one) => `  ${describeFault(one)}`)].join(
    '\n',
  );
}
