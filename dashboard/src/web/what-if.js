// @ts-check
/** @import { Pool, Signal, WhatIfDocument, WhatIfKnob } from './documents.ts' */
import { api } from './api.js';
import { byId, element, setText } from './dom.js';
import { knobValue, knobWords, whatIfWords } from './what-if-words.js';

/** A slider that is being drawn asks for nothing yet. */
const ASK_AFTER_MS = 300;

/** The card that tries a setting out on the last day. It asks only when somebody has opened it. */
export function createWhatIf() {
  const card = byId('what-if', HTMLDetailsElement);
  const picker = byId('knob', HTMLSelectElement);
  const slider = byId('knob-value', HTMLInputElement);
  const shown = byId('knob-shown');
  const answer = byId('what-if-answer');
  /** @type {{ pool: string, signal: string } | null} */
  let selected = null;
  /** @type {WhatIfDocument | null} */
  let known = null;
  /** @type {number | undefined} */
  let timer;
  /** Of the newest question: older ones are answered in vain. */
  let asked = 0;

  /** @param {Pool | null} pool @param {Signal | null} signal */
  function show(pool, signal) {
    const same = selected?.pool === pool?.name && selected?.signal === signal?.name;
    if (same) return;
    selected = pool && signal && { pool: pool.name, signal: signal.name };
    card.hidden = selected === null;
    known = null;
    if (card.open) void load();
  }

  async function load() {
    const question = ++asked;
    if (selected === null) return;
    say('Looking which settings can be tried.', true);
    try {
      const document = await api.whatIf(selected);
      if (question !== asked) return;
      known = document;
      picker.replaceChildren(...document.knobs.map(option));
      reset();
    } catch (error) {
      if (question === asked) say(wordsOf(error), false);
    }
  }

  /** The slider stands where the setting is. */
  function reset() {
    const knob = chosen();
    if (!knob) return;
    slider.max = String(knob.values.length - 1);
    slider.value = String(knob.values.indexOf(knob.current));
    showValue();
    say('Move the slider: the last day is replayed with that setting. Nothing is changed.', false);
  }

  function chosen() {
    return known?.knobs.find(({ name }) => name === picker.value) ?? null;
  }

  function showValue() {
    const knob = chosen();
    if (!knob) return;
    const value = knob.values[Number(slider.value)] ?? knob.current;
    const text = knobValue(knob, value);
    setText(shown, value === knob.current ? `${text}, as it is` : text);
    slider.setAttribute('aria-valuetext', shown.textContent ?? text);
  }

  async function ask() {
    const knob = chosen();
    if (!knob || selected === null) return;
    const question = ++asked;
    const value = knob.values[Number(slider.value)] ?? knob.current;
    say('Replaying the last day; this takes a few seconds.', true);
    try {
      const { comparison } = await api.whatIf({ ...selected, knob: knob.name, value });
      if (question === asked && comparison) say(whatIfWords(comparison), false);
    } catch (error) {
      if (question === asked) say(wordsOf(error), false);
    }
  }

  /** @param {string} text @param {boolean} busy */
  function say(text, busy) {
    answer.setAttribute('aria-busy', String(busy));
    setText(answer, text);
  }

  card.addEventListener('toggle', () => card.open && known === null && void load());
  picker.addEventListener('change', reset);
  slider.addEventListener('input', () => {
    showValue();
    clearTimeout(timer);
    timer = window.setTimeout(() => void ask(), ASK_AFTER_MS);
  });
  return { show };
}

/** @param {WhatIfKnob} knob */
function option(knob) {
  const made = element('option', '', knobWords(knob.name));
  made.value = knob.name;
  return made;
}

/** @param {unknown} error */
function wordsOf(error) {
  return `No answer: ${error instanceof Error ? error.message : String(error)}.`;
}
