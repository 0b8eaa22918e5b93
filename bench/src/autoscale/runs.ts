import type { PolicyKnobs, PolicyName } from '@forescale/simulator/replay';

/** What is swept of one policy besides the unneeded times: the name of the knob, and its settings. */
interface Sweep {
  readonly policy: PolicyName;
  readonly knob: keyof PolicyKnobs | 'shortage_cost_ratio';
  readonly settings: readonly number[];
}

/** One replay of one trace. */
export interface Run extends Omit<Sweep, 'settings'> {
  readonly trace: string;
  readonly bootSeconds: number;
  readonly setting: number;
  readonly unneededMinutes: number;
}

/** For how long a node must not have been needed until it leaves; the same for all policies. */
export const UNNEEDED_MINUTES = [1, 5, 10, 30, 120] as const;

/** More than is observed, or than is expected: from a tenth less to four times as much. */
const HEADROOMS = [-0.1, -0.05, 0, 0.02, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1, 1.5, 2, 3];

/** Quantiles that are provided for; a shortage then costs q / (1 - q) times the node. */
const QUANTILES = [
  ...[0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.94, 0.95, 0.955, 0.96, 0.965, 0.97, 0.975, 0.98],
  ...[0.985, 0.99, 0.995, 0.998, 0.999, 0.9997, 0.9999, 0.99999],
];

const HISTORY_QUANTILES = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999, 1];

const SWEEPS: readonly Sweep[] = [
  {
    policy: 'forescale',
    knob: 'shortage_cost_ratio',
    settings: QUANTILES.map((q) => Number((q / (1 - q)).toPrecision(6))),
  },
  { policy: 'reactive', knob: 'headroom', settings: HEADROOMS },
  {
    policy: 'target',
    knob: 'targetUtilisation',
    settings: [1.1, 1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45, 0.4, 0.35, 0.3],
  },
  { policy: 'holt-winters', knob: 'margin', settings: HEADROOMS },
  { policy: 'schedule', knob: 'scheduleQuantile', settings: HISTORY_QUANTILES },
  { policy: 'static', knob: 'staticQuantile', settings: HISTORY_QUANTILES },
];

/** Every policy at every setting and unneeded time, on every trace and boot. */
export function runsOf(traces: readonly string[], boots: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (const trace of traces) {
    for (const bootSeconds of boots) {
      for (const { policy, knob, settings } of SWEEPS) {
        for (const setting of settings) {
          for (const unneededMinutes of UNNEEDED_MINUTES) {
            runs.push({ trace, bootSeconds, policy, knob, setting, unneededMinutes });
          }
        }
      }
    }
  }
  return runs;
}

/** "headroom=0.1 unneeded=10m" */
export function knobText({ knob, setting, unneededMinutes }: Run): string {
  const name = knob.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return `${name}=${setting} unneeded=${unneededMinutes}m`;
}

/** "nasa-180s-reactive-headroom-0.1-unneeded-10m.csv" */
export function timelineName(run: Run): string {
  return `${run.trace}-${run.bootSeconds}s-${run.policy}-${knobText(run).replace(/[= ]/g, '-')}.csv`;
}
