// @ts-check
/** @import { PlanDocument } from './documents.ts' */
import { byId, element, throttle } from './dom.js';
import { formatNodes } from './format.js';
import { decisionTitle, plainWords, sourceWords } from './words.js';

/** Reading aloud must not lag behind a simulation: one decision in this time. */
const ANNOUNCE_MS = 15_000;
/** People read slower than polls come. */
const REFRESH_MS = 1_000;
const NEEDS_MAX = 8;
const REASONS_MAX = 8;
const DECISIONS_MAX = 9;

/** The needs, reasons and decisions beside the charts. @param {{ moment(epochS: number): string }} clock */
export function createSide(clock) {
  const needs = byId('needs');
  const reasons = byId('reasons');
  const decisions = byId('decisions');
  const none = byId('no-decisions');
  let written = '';
  let newest = '';
  const announce = throttle(ANNOUNCE_MS, (/** @type {string} */ text) => {
    byId('announcer').textContent = text;
  });

  const write = throttle(REFRESH_MS, (/** @type {PlanDocument | null} */ document) => {
    const { time: _time, generation: _generation, ...plan } = document?.plan ?? {};
    const key = JSON.stringify([plan, document?.decisions]);
    if (key === written) return;
    written = key;
    needs.replaceChildren(...needItems(document));
    reasons.replaceChildren(...reasonItems(document));
    const items = decisionItems(document, clock);
    decisions.replaceChildren(...items);
    none.hidden = items.length > 0;
    const first = document?.decisions[0];
    const text = first ? `${decisionTitle(first)}. ${plainWords(first.why)}` : '';
    if (first && newest !== '' && first.time !== newest) announce(text);
    newest = first?.time ?? '';
  });
  return { write };
}

/** What each source asks for, the largest first, with bars to compare. @param {PlanDocument | null} document */
function needItems(document) {
  const needs = (document?.plan?.needs ?? []).toSorted((a, b) => b.nodes - a.nodes).slice(0, NEEDS_MAX);
  const most = Math.max(1, needs[0]?.nodes ?? 1);
  return needs.map(({ source, nodes, why }, i) => {
    const bar = element('meter', '');
    bar.max = most;
    bar.value = nodes;
    bar.setAttribute('aria-hidden', 'true');
    return element('li', i === 0 ? 'first' : '', [
      element('span', 'source', sourceWords(source)),
      element('span', 'count', formatNodes(nodes)),
      bar,
      element('p', '', plainWords(why)),
    ]);
  });
}

/** @param {PlanDocument | null} document */
function reasonItems(document) {
  return (document?.plan?.reasons ?? []).slice(0, REASONS_MAX).map(({ text }) => element('li', '', plainWords(text)));
}

/** @param {PlanDocument | null} document @param {{ moment(epochS: number): string }} clock */
function decisionItems(document, clock) {
  return (document?.decisions ?? []).slice(0, DECISIONS_MAX).map((decision) => {
    const time = element('time', '', clock.moment(Date.parse(decision.time) / 1000));
    time.dateTime = decision.time;
    const known = ['create', 'drain'].includes(decision.kind) ? decision.kind : 'other';
    return element('li', `decision ${known}`, [
      time,
      element('strong', '', decisionTitle(decision)),
      element('p', '', plainWords(decision.why)),
    ]);
  });
}
