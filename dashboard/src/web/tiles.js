// @ts-check
/** @import { Pool, Signal, SignalForecast } from './documents.ts' */
/** @import { Expected } from './words.js' */
import { element, setText } from './dom.js';
import { formatCount, formatDuration, formatNodes, formatShare, formatUsd, formatValue, unitOf } from './format.js';
import { quantileOf } from './lead-time.js';
import { errorWords, priceWords } from './words.js';

/**
 * One tile: a number, and what stands beside it. `warn` marks what is not as it should be.
 * @typedef {{ label: string, value: string, detail: string, warn?: boolean }} Tile
 * @typedef {{ pool: Pool, signal: Signal | null, forecast: SignalForecast | null, load: number | null, ahead: Expected | null,
 *   leadsS: readonly number[], money: { spent: number, reactive: number, saved: number, seconds: number } }} Facts
 */

/** @param {Facts} facts @returns {Tile[]} */
export function tilesOf({ pool, signal, forecast, load, ahead, leadsS, money }) {
  const unit = unitOf(signal);
  return [
    nodesTile(pool),
    aheadTile(load, ahead, unit),
    accuracyTile(forecast),
    leadTile(leadsS),
    rateTile(pool),
    savedTile(pool, money),
  ];
}

/** @param {Pool} pool @returns {Tile} */
function nodesTile(pool) {
  const { ready, starting, draining, desired } = pool;
  const moving = [starting ? `${starting} starting` : '', draining ? `${draining} draining` : ''].filter(Boolean);
  return {
    label: 'Nodes ready',
    value: formatCount(ready),
    detail: [desired === null ? 'not planned yet' : `${desired} wanted`, ...moving].join(' · '),
    warn: pool.mode === 'enforce' && ready !== null && desired !== null && ready + (starting ?? 0) < desired,
  };
}

/** @param {number | null} load @param {Expected | null} ahead @param {string} unit @returns {Tile} */
function aheadTile(load, ahead, unit) {
  const range = ahead && ahead.q90 !== null ? `90 % below ${formatValue(ahead.q90, '')}` : 'no forecast yet';
  return {
    label: 'Load in 15 minutes',
    value: formatValue(ahead?.q50 ?? null, unit),
    detail: load === null ? range : `now ${formatValue(load, '')} · ${range}`,
  };
}

/** @param {SignalForecast | null} forecast @returns {Tile} */
function accuracyTile(forecast) {
  const accuracy = forecast?.accuracy ?? null;
  return {
    label: 'Load under its 90 % limit',
    value: formatShare(accuracy?.coverage90 ?? null),
    detail: accuracy ? errorWords(accuracy.mase) : 'not scored yet',
    warn: accuracy !== null && accuracy.coverage90 < 0.8,
  };
}

/** @param {readonly number[]} leadsS ascending @returns {Tile} */
function leadTile(leadsS) {
  const label = 'Ready before need';
  const [sure, median] = [quantileOf(leadsS, 0.05), quantileOf(leadsS, 0.5)];
  if (sure === null || median === null) return { label, value: '–', detail: 'no node was needed yet' };
  return {
    label,
    value: leadWords(median),
    detail: `95 % of ${formatNodes(leadsS.length)} ${sureWords(sure)}`,
    warn: median < 0,
  };
}

/** @param {number} leadS what all but the latest have at least */
function sureWords(leadS) {
  if (leadS < 0) return `at most ${leadWords(leadS)}`;
  return leadS < 60 ? 'in time' : `at least ${formatDuration(leadS)}`;
}

/** @param {number} leadS */
function leadWords(leadS) {
  return leadS < 0 ? `${formatDuration(leadS)} late` : formatDuration(leadS);
}

/** @param {Pool} pool @returns {Tile} */
function rateTile(pool) {
  return {
    label: 'Cost per hour',
    value: formatUsd(pool.usdPerHour),
    detail: joined(
      pool.reactiveUsdPerHour === null ? 'nothing to compare yet' : `reactive ${formatUsd(pool.reactiveUsdPerHour)}`,
      priceWords(pool),
    ),
  };
}

/** @param {Pool} pool @param {Facts['money']} money @returns {Tile} */
function savedTile(pool, { saved, reactive, seconds }) {
  if (seconds === 0) return { label: 'Saved', value: '–', detail: 'not known yet' };
  const share = reactive > 0 ? `${formatShare(Math.abs(saved) / reactive)} in ` : 'in ';
  return {
    label: saved < 0 ? 'Spent more than reactive' : 'Saved against reactive',
    value: formatUsd(Math.abs(saved)),
    detail: joined(`${share}${formatDuration(seconds)}`, priceWords(pool)),
  };
}

/** @param {...string} parts */
function joined(...parts) {
  return parts.filter(Boolean).join(' · ');
}

/** Writes tiles into a definition list, reusing what is there. @param {HTMLElement} list @param {readonly Tile[]} tiles */
export function writeTiles(list, tiles) {
  while (list.children.length < tiles.length) {
    list.append(element('div', 'tile', [element('dt', ''), element('dd', 'number'), element('dd', 'detail')]));
  }
  for (const [i, tile] of tiles.entries()) {
    const node = list.children[i];
    const [label, value, detail] = node?.children ?? [];
    if (!node || !label || !value || !detail) continue;
    setText(label, tile.label);
    setText(value, tile.value);
    setText(detail, tile.detail);
    node.classList.toggle('warn', tile.warn === true);
  }
}
