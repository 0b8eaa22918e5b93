// @ts-check
/** @import { WhatIfComparison, WhatIfKnob, WhatIfOutcome } from './documents.ts' */
import { formatNodes, formatUsd } from './format.js';

/** @type {Readonly<Record<string, string>>} */
const KNOBS = {
  shortage_cost_ratio: 'How much a shortage costs',
  'scale_down.unneeded': 'How long a node stays unneeded',
  min_nodes: 'Least number of nodes',
};
const NBSP = '\u00a0';

/** What a setting is called for people. @param {string} name */
export function knobWords(name) {
  return KNOBS[name] ?? name;
}

/** @param {Pick<WhatIfKnob, 'name' | 'unit'>} knob @param {number} value */
export function knobValue(knob, value) {
  if (knob.unit === 'nodes') return formatNodes(value);
  if (knob.unit === 'min') return `${value}${NBSP}min`;
  return knob.name === 'shortage_cost_ratio' ? `${value} times a node` : String(value);
}

/** What the last hours would have come to, beside what they come to as it is. @param {WhatIfComparison} comparison */
export function whatIfWords({ hours, as_is, changed }) {
  const span = `${Math.round(hours)}${NBSP}h`;
  const cost = `The last ${span} would have cost ${formatUsd(changed.usd)}${differenceOf(as_is.usd, changed.usd)}`;
  return `${cost}, and ${missed(changed)}${beside(as_is, changed)}.`;
}

/** @param {number} before @param {number} after */
function differenceOf(before, after) {
  const more = after - before;
  if (Math.abs(more) < 0.005) return ', as now';
  return ` (${formatUsd(Math.abs(more))} ${more > 0 ? 'more' : 'less'})`;
}

/** @param {WhatIfOutcome} outcome */
function missed({ shortage_minutes, unmet_demand_share }) {
  if (shortage_minutes === 0) return 'missed nothing';
  return `been short for ${shortage_minutes}${NBSP}min, ${percent(unmet_demand_share)} of the demand`;
}

/** @param {WhatIfOutcome} before @param {WhatIfOutcome} after */
function beside(before, after) {
  if (before.shortage_minutes === after.shortage_minutes) return '';
  return before.shortage_minutes === 0
    ? '; as it is nothing is missed'
    : `; as it is ${before.shortage_minutes}${NBSP}min`;
}

/** @param {number} share */
function percent(share) {
  return `${(100 * share).toPrecision(2)}${NBSP}%`;
}
