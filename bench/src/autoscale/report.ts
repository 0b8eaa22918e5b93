import type { Row } from '../benchmark.ts';
import { table } from '../table.ts';
import { type Best, geometricMean, LEVELS, type Scored } from './levels.ts';
import { knobText } from './runs.ts';

export function rowOf(scored: Scored, timeline: string | null): Row {
  return {
    trace: scored.trace,
    boot_s: scored.bootSeconds,
    policy: scored.policy,
    knobs: knobText(scored),
    unmet_demand_share: scored.unmetDemandShare,
    shortage_time_share: scored.shortageTimeShare,
    node_steps: scored.nodeSteps,
    cost_ratio: scored.costRatio,
    nodes_created: scored.nodesCreated,
    timeline,
  };
}

/** Per policy: its excess over the bound, relative to best-tuned reactive's, over all traces, boots and levels. */
export interface PolicyMean {
  readonly policy: string;
  readonly mean: number | null;
  readonly worst: number | null;
  /** Comparisons in which no setting of the policy left so little unmet: they count as the least that one left. */
  readonly unreached: number;
}

export function meansOf(bests: readonly Best[]): PolicyMean[] {
  return [...new Set(bests.map(({ policy }) => policy))].map((policy) => {
    const own = bests.filter((best) => best.policy === policy);
    const counted = own.flatMap(({ excessCounted }) => excessCounted ?? []);
    return {
      policy,
      mean: counted.length === 0 ? null : geometricMean(counted),
      worst: counted.length === 0 ? null : Math.max(...counted),
      unreached: own.filter(({ run }) => run === null).length,
    };
  });
}

export function summaryRow(best: Best): Row {
  return {
    trace: best.trace,
    boot_s: best.bootSeconds,
    level: best.level,
    unmet: best.unmet,
    policy: best.policy,
    knobs: best.run && knobText(best.run),
    ratio_to_bound: best.ratio,
    excess_of_reactive: best.excessOfReactive,
  };
}

/** The least cost over the bound at the same unmet demand, a line a trace, boot and level, a column a policy. */
export function wordsOf(bests: readonly Best[], means: readonly PolicyMean[]): string {
  const policies = means.map(({ policy }) => policy);
  const lines = new Map<string, Record<string, string | number | null>>();
  for (const { trace, bootSeconds, level, unmet, policy, ratio, excessOfReactive } of bests) {
    const key = `${trace} ${bootSeconds} ${level}`;
    const line = lines.get(key) ?? { trace, boot_s: `${bootSeconds} s`, unmet: percent(level, unmet) };
    line[policy] = ratio;
    if (policy === 'forescale') line.relative = excessOfReactive;
    lines.set(key, line);
  }
  return [
    'Least cost over the clairvoyant bound at the same unmet demand; "relative": the excess of forescale over that of reactive',
    table(
      [...lines.values()],
      [
        { key: 'trace' },
        { key: 'boot_s', title: 'boot' },
        { key: 'unmet' },
        ...policies.map((key) => ({ key, digits: 3 })),
        { key: 'relative', digits: 2 },
      ],
    ),
    '',
    `Excess over the bound relative to best-tuned reactive, at ${LEVELS.map((level) => `${100 * level} %`).join(', ')}: geometric mean, worst; an unreached level counts as the least unmet that the policy reaches, over the bound there`,
    table(
      means.map(({ policy, mean, worst, unreached }) => ({ policy, mean, worst, unreached })),
      [{ key: 'policy' }, { key: 'mean', digits: 3 }, { key: 'worst', digits: 3 }, { key: 'unreached', digits: 0 }],
    ),
  ].join('\n');
}

/** "0.1 %", or "0.1 % (0.153 %)" where reactive reaches no less than that. */
function percent(level: number, unmet: number): string {
  const text = `${Number((100 * level).toFixed(2))} %`;
  return unmet > level ? `${text} (${(100 * unmet).toFixed(3)} %)` : text;
}
