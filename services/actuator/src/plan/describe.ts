import { leadTimeText } from './lead-time.ts';
import { offeringId } from './offerings.ts';
import { priceWords } from './price-basis.ts';
import type { Action, Plan, PlanReport } from './types.ts';

const VERBS = { drain: 'drain', 'cancel-drain': 'keep', 'cancel-start': 'cancel' } as const;

/** A plan in words, a line each: where the pool stands, what each source needs, what is done, and why not more. */
export function describePlan({ actions, report }: Plan): string[] {
  const would = report.mode === 'observe' ? 'would ' : '';
  const ceiling = report.usdPerHourMax === null ? '' : `, at most ${report.usdPerHourMax} USD/h`;
  const decided = new Set(['create', 'drain', 'cancel-drain', 'cancel-start', 'headroom']);
  return [
    `pool ${report.pool} at ${new Date(report.atMs).toISOString()}, mode ${report.mode}, plan ${report.generation}`,
    `  nodes: ${report.ready} ready, ${report.starting} starting, ${report.draining} draining, ` +
      `${report.usdPerHour.toFixed(2)} USD/h${pricesInWords(report)}`,
    `  bounds: ${report.floor} (${report.floorFrom}) to ${report.ceiling} (${report.ceilingFrom})${ceiling}`,
    `  lead time: ${leadTimeText({ ms: report.leadTimeMs, why: report.leadTimeWhy })}`,
    ...report.capacities.flatMap(({ signal, perNode, from, why }) =>
      from === 'learned'
        ? [`  learned: a node carries ${Number((perNode ?? 0).toPrecision(4))} of ${signal}: ${why}`]
        : [],
    ),
    ...report.needs.map((need) => `  ${need.source} asks for ${count(need.nodes)}: ${need.why}`),
    `  desired: ${count(report.desired)}; need ${report.need} from ${report.needFrom}` +
      `${report.boundBy === null ? '' : `, bound by ${report.boundBy}`}`,
    ...(actions.length === 0 ? [`  ${would}change nothing`] : actions.map((action) => `  ${would}${inWords(action)}`)),
    ...report.reasons.filter((one) => !decided.has(one.code)).map((one) => `  ${one.code}: ${one.text}`),
  ];
}

/** Nothing where the configuration says all prices, or there is nothing to buy. */
function pricesInWords({ prices }: PlanReport): string {
  const { configured, unknown, live, static: fixed } = prices.counts;
  return unknown + live + fixed === 0
    ? ''
    : ` (prices: ${priceWords(prices)}${configured > 0 ? ', and configured' : ''})`;
}

function inWords(action: Action): string {
  if (action.kind === 'create') return `create ${action.count} x ${offeringId(action.offering)}: ${action.reason}`;
  if (action.kind === 'headroom') return `hold ${action.reason}`;
  const target = action.kind === 'cancel-start' ? action.requestId : action.nodeName;
  return `${VERBS[action.kind]} ${target}: ${action.reason}`;
}

function count(nodes: number): string {
  return nodes === 1 ? '1 node' : `${nodes} nodes`;
}
