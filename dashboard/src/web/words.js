// @ts-check
/** @import { Decision, PlanDocument, Pool } from './documents.ts' */
import { formatDuration, formatNodes, formatShare, formatUsd, formatValue } from './format.js';

const NBSP = '\u00a0';

/** @type {Readonly<Record<string, [done: string, would: string]>>} */
const VERBS = {
  create: ['Add', 'Would add'],
  drain: ['Remove', 'Would remove'],
  'cancel-drain': ['Keep', 'Would keep'],
  'cancel-start': ['Cancel the start of', 'Would cancel the start of'],
  headroom: ['Hold room with', 'Would hold room with'],
};

/** What was decided, as a headline: "Add 2 nodes: m5.large", "Would remove node-7". @param {Pick<Decision, 'mode' | 'kind' | 'target' | 'count'>} decision */
export function decisionTitle({ mode, kind, target, count }) {
  const verbs = VERBS[kind];
  if (!verbs) return `${kind.charAt(0).toUpperCase()}${kind.slice(1)}${target === '' ? '' : `: ${target}`}`;
  const verb = verbs[mode === 'observe' ? 1 : 0];
  if (kind === 'headroom') return `${verb} ${count} ${target}`;
  if (kind === 'create') return `${verb} ${formatNodes(count)}${target === '' ? '' : `: ${target}`}`;
  return count > 1 ? `${verb} ${formatNodes(count)}` : `${verb} ${target === '' ? formatNodes(count) : target}`;
}

/** What a pool that only observes would do now, to follow "Would have: ". @param {PlanDocument | null} document */
export function wouldHave(document) {
  const actions = document?.plan?.actions ?? [];
  if (actions.length === 0) return 'nothing to change right now.';
  const added = countOf(actions, 'create');
  const removed = countOf(actions, 'drain');
  const parts = [added > 0 ? `added ${formatNodes(added)}` : '', removed > 0 ? `removed ${formatNodes(removed)}` : ''];
  if (actions[0]?.kind === 'headroom') parts.push(`held room with ${actions[0].count} placeholders`);
  const words = parts.filter((part) => part !== '').join(' and ') || 'kept all nodes';
  const why = plainWords(actions[0]?.why ?? '');
  return why === '' ? `${words}.` : `${words}: ${why}`;
}

/** @param {readonly { kind: string, count: number }[]} actions @param {string} kind */
function countOf(actions, kind) {
  return actions.filter((action) => action.kind === kind).reduce((sum, action) => sum + action.count, 0);
}

/** Where a need comes from: "forecast:requests" -> "Forecast of requests". @param {string} source */
export function sourceWords(source) {
  const [kind = '', signal = ''] = source.split(':');
  if (kind === 'forecast') return `Forecast of ${signal}`;
  if (kind === 'hold') return `Forecast of ${signal}, for keeping nodes`;
  if (kind === 'observed') return `Observed ${signal}`;
  if (kind === 'pending') return 'Pending pods';
  return source;
}

/**
 * How a source of samples is: "Newest 12 s ago", "Away: ECONNREFUSED".
 * @param {import('./documents.ts').Source} source @param {number} nowS
 */
export function sourceState({ state, reason, newest, lag_seconds, refused }, nowS) {
  const age = newest === null ? null : Math.max(0, nowS - Date.parse(newest) / 1000);
  const said = age === null ? 'Nothing yet' : `Newest ${formatDuration(age)} ago`;
  const ahead = lag_seconds !== null && lag_seconds < -5 ? `; its clock is ${formatDuration(-lag_seconds)} ahead` : '';
  const none = refused > 0 ? `; ${refused} refused` : '';
  if (state === 'away') return `Away: ${reason ?? 'no answer'}`;
  if (state === 'refusing') return `Nothing that it says can be taken${reason === null ? '' : ` (${reason})`}${none}`;
  if (state === 'stale' && reason !== null) return `Stale: ${reason}${ahead}${none}`;
  return `${state === 'stale' ? 'Silent. ' : ''}${said}${ahead}${none}`;
}

/** A reason without names of sources: "21 nodes for forecast:load" -> "21 nodes for forecast of load". @param {string} text */
export function plainWords(text) {
  return text
    .replaceAll(/\b(?:forecast|observed|hold):[a-z0-9-]+/g, (source) => lowerFirst(sourceWords(source)))
    .replaceAll(/\bfor pending\b(?! pods)/g, 'for pending pods');
}

/** @param {string} text */
function lowerFirst(text) {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`;
}

/**
 * @typedef {{ q10: number | null, q50: number | null, q90: number | null, q99: number | null }} Expected
 * @param {number | null} load @param {Expected | null} expected what was forecast for now
 * @param {Expected | null} ahead what is forecast for in 15 minutes
 * @param {string} unit
 */
export function loadSentence(load, expected, ahead, unit) {
  if (load === null) return 'No load has been measured yet.';
  const now = `Load is ${formatValue(load, unit)}${expected ? placeWords(load, expected, unit) : ''}.`;
  if (!ahead || ahead.q50 === null) return `${now} There is no forecast yet.`;
  const limit = ahead.q99 === null ? '' : `, at most ${formatValue(ahead.q99, unit)} (99${NBSP}% sure)`;
  return `${now} In 15 minutes about ${formatValue(ahead.q50, unit)}${limit}.`;
}

/** @param {number} load @param {Expected} expected @param {string} unit */
function placeWords(load, { q10, q90 }, unit) {
  if (q10 === null || q90 === null) return '';
  const place = load > q90 ? 'above' : load < q10 ? 'below' : 'inside';
  return `, ${place} the ${formatValue(q10, '')}–${formatValue(q90, unit)} forecast for now`;
}

/** @param {Pool} pool */
export function nodesSentence(pool) {
  const { min, max, minFrom, maxFrom } = pool.bounds;
  const from = minFrom === maxFrom ? minFrom : `${minFrom}, ${maxFrom}`;
  const bounds = `Allowed are ${min} to ${max}${from === '' ? '' : ` (${from})`}.`;
  if (pool.ready === null) return `This pool has not been planned yet. ${bounds}`;
  const starting = pool.starting ? `, ${pool.starting} starting` : '';
  const draining = pool.draining ? `, ${pool.draining} draining` : '';
  return `${formatNodes(pool.ready)} ready${starting}${draining}; ${pool.desired ?? '–'} wanted. ${bounds}`;
}

/** @param {{ spent: number, reactive: number, saved: number, seconds: number }} money */
export function costSentence({ spent, reactive, saved, seconds }) {
  if (seconds === 0) return 'What the nodes cost is not known yet.';
  const compared = `${formatUsd(spent)} spent in ${formatDuration(seconds)}, against ${formatUsd(reactive)} for a reactive autoscaler`;
  const share = reactive > 0 ? ` (${formatShare(Math.abs(saved) / reactive)})` : '';
  return saved >= 0
    ? `${compared}: ${formatUsd(saved)}${share} saved.`
    : `${compared}: ${formatUsd(-saved)}${share} more.`;
}

/** How the median's error stands to the seasonal guess: MASE 0.62 -> "error 38 % below a seasonal guess". @param {number} mase */
export function errorWords(mase) {
  const share = Math.round(Math.abs(1 - mase) * 100);
  if (share === 0) return 'error as that of a seasonal guess';
  return `error ${share}${NBSP}% ${mase < 1 ? 'below' : 'above'} a seasonal guess`;
}

/**
 * How time passes at the service. @param {{ nowS: number, wallS: number, speed: number | null }} clock
 * @returns {{ simulated: boolean, words: string }}
 */
export function clockWords({ nowS, wallS, speed }) {
  const simulated = Math.abs(nowS - wallS) > 120 || (speed !== null && speed > 5);
  if (!simulated) return { simulated, words: 'Live' };
  if (speed === null) return { simulated, words: 'Simulated time' };
  if (speed < 0.2) return { simulated, words: 'Simulated time, stopped' };
  return { simulated, words: `Simulated time ×${Number(speed.toPrecision(2)).toLocaleString('en-US')}` };
}

/** What sums of money rest on, where that is not the configuration: "static prices of 2026-07-20". @param {Pick<Pool, 'prices'>} pool */
export function priceWords({ prices: { source, asOf } }) {
  if (source === 'configured') return '';
  if (source === 'unknown') return 'no price is known';
  return `${source} prices${source === 'static' && asOf !== null ? ` of ${asOf}` : ''}`;
}
