// @ts-check
/** @import { PlanDocument, Pool, Signal } from './documents.ts' */
/** @import { Selection } from './feed.js' */
import { ApiError } from './api.js';
import { byId, element, setText } from './dom.js';
import { clockWords, wouldHave } from './words.js';

/** Lets the reader choose; `selection` is changed in place, then `onChange` runs. @param {Selection} selection @param {() => void} onChange */
export function wireSelection(selection, onChange) {
  byId('pool').addEventListener('change', ({ target }) => {
    selection.pool = /** @type {HTMLSelectElement} */ (target).value;
    selection.signal = null;
    onChange();
  });
  byId('signal').addEventListener('change', ({ target }) => {
    selection.signal = /** @type {HTMLSelectElement} */ (target).value;
    onChange();
  });
  const buttons = [...byId('ranges').querySelectorAll('button')];
  const mark = () => {
    for (const button of buttons) {
      button.setAttribute('aria-pressed', String(button.dataset.rangeS === String(selection.rangeS ?? '')));
    }
  };
  for (const button of buttons) {
    button.addEventListener('click', () => {
      selection.rangeS = button.dataset.rangeS ? Number(button.dataset.rangeS) : null;
      mark();
      onChange();
    });
  }
  mark();
}

/** @param {readonly Pool[]} pools @param {Pool | null} pool @param {Signal | null} signal */
export function writePickers(pools, pool, signal) {
  writeOptions(byId('pool', HTMLSelectElement), pools, pool?.name ?? '');
  writeOptions(byId('signal', HTMLSelectElement), pool?.signals ?? [], signal?.name ?? '');
  byId('signal-field').hidden = (pool?.signals.length ?? 0) < 2;
}

/** @param {HTMLSelectElement} select @param {readonly { name: string }[]} choices @param {string} chosen */
function writeOptions(select, choices, chosen) {
  const names = choices.map(({ name }) => name);
  const same = names.length === select.options.length && names.every((name, i) => select.options[i]?.value === name);
  if (!same) {
    select.replaceChildren(
      ...names.map((name) => {
        const option = element('option', '', name);
        option.value = name;
        return option;
      }),
    );
  }
  if (select.value !== chosen) select.value = chosen;
}

/** The mode of the pool, as a badge and, where it only observes, a banner. @param {Pool | null} pool @param {PlanDocument | null} plan */
export function writeMode(pool, plan) {
  const badge = byId('mode');
  badge.hidden = pool === null;
  const mode = pool?.paused ? 'paused' : (pool?.mode ?? '');
  badge.dataset.mode = mode;
  setText(badge, mode);
  byId('observe').hidden = pool?.mode !== 'observe';
  setText(byId('would'), wouldHave(plan));
}

/** @param {{ nowS: number, wallS: number, speed: number | null }} reading @param {{ moment(epochS: number): string, zone: string }} clock */
export function writeClock(reading, clock) {
  const { simulated, words } = clockWords(reading);
  setText(byId('pace'), words);
  setText(byId('now'), clock.moment(reading.nowS));
  byId('now').setAttribute('datetime', new Date(reading.nowS * 1000).toISOString());
  byId('pulse').dataset.state = simulated ? 'simulated' : 'live';
  setText(byId('zone'), `Times are in ${clock.zone}.`);
}

/** Says that the service does not answer, why, and what is still shown; null: it answers. @param {{ error: unknown, sinceS: number | null } | null} loss @param {{ moment(epochS: number): string }} clock */
export function writeLoss(loss, clock) {
  const banner = byId('lost');
  document.documentElement.classList.toggle('stale', loss !== null);
  if (!loss) {
    banner.hidden = true;
    return;
  }
  const { error, sinceS } = loss;
  setText(byId('lost-title'), sinceS === null ? 'Not connected:' : 'Connection lost:');
  const why = error instanceof ApiError ? error.message : String(error);
  const shown = sinceS === null ? '' : ` What you see is from ${clock.moment(sinceS)}.`;
  setText(byId('lost-why'), `${why}.${shown} Trying again.`);
  byId('token-form').hidden = !(error instanceof ApiError && error.tokenWanted);
  setText(byId('pace'), 'Not connected');
  byId('pulse').dataset.state = 'lost';
  banner.hidden = false;
}
