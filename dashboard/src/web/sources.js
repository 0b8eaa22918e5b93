// @ts-check
/** @import { Source, SourcesDocument } from './documents.ts' */
import { byId, element, throttle } from './dom.js';
import { sourceState } from './words.js';

/** People read slower than polls come. */
const REFRESH_MS = 1_000;

/** The card that tells how the sources of samples are. */
export function createSources() {
  const card = byId('sources-card');
  const list = byId('sources');
  let written = '';
  const write = throttle(REFRESH_MS, (/** @type {{ document: SourcesDocument | null, nowS: number }} */ told) => {
    const sources = told.document?.sources ?? null;
    card.hidden = sources === null;
    // What is wrong stands first.
    const sorted = (sources ?? []).toSorted((a, b) => Number(a.state === 'ok') - Number(b.state === 'ok'));
    const rows = sorted.map((source) => ({ source, words: sourceState(source, told.nowS) }));
    const key = JSON.stringify(rows.map(({ source, words }) => [source.name, source.state, words]));
    if (key === written) return;
    written = key;
    list.replaceChildren(...rows.map(({ source, words }) => row(source, words)));
  });
  return { write };
}

/** @param {Source} source @param {string} words */
function row({ name, state }, words) {
  return element('li', `source-row ${state === 'ok' ? 'well' : 'unwell'}`, [
    element('strong', '', name),
    element('p', '', words),
  ]);
}
