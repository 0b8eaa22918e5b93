// @ts-check
/** @import { Frame } from './frame.js' */
/** @import { Palette } from './theme.js' */
import { formatCount, formatTick, formatUsd, formatValue } from './format.js';
import { highestOf, loadTop, nodesTop } from './scales.js';

/**
 * A line of a chart. `swatch` is the CSS class of its legend entry; `format` words a value.
 * @typedef {{ label: string, swatch: string, column: Exclude<keyof Frame, 'nowS' | 'fromS' | 'toS' | 'timesS'>,
 *   colour: keyof Palette, width: number, dash?: number[], fill?: keyof Palette, stepped?: boolean,
 *   hidden?: boolean, from?: 'q10' }} Line
 * `hidden`: drawn, but not in the legend. `from`: the column where the range begins that this line ends.
 * @typedef {{ id: string, title: string, height: number, lines: readonly Line[],
 *   bands: readonly { upper: number, lower: number, fill: keyof Palette }[], whole: boolean,
 *   top: (frame: Frame) => number, tick: (value: number, unit: string) => string,
 *   value: (value: number | null, unit: string) => string }} ChartSpec
 * `bands` fill between two lines, given by their index in `lines`.
 */

/** @type {ChartSpec} */
const load = {
  id: 'load',
  title: 'Load against forecast',
  height: 320,
  lines: [
    { label: '99 % limit', swatch: 'dots blue', column: 'q99', colour: 'blue-line', width: 1, dash: [2, 3] },
    { label: 'Likely, 10–90 %', swatch: 'band', column: 'q90', from: 'q10', colour: 'blue-line', width: 0 },
    { label: '10 %', swatch: '', column: 'q10', colour: 'blue-line', width: 0, hidden: true },
    { label: 'Expected', swatch: 'line blue', column: 'q50', colour: 'blue', width: 1.5 },
    { label: 'Load', swatch: 'line ink', column: 'load', colour: 'ink', width: 1.75 },
  ],
  bands: [{ upper: 1, lower: 2, fill: 'blue-fill' }],
  whole: false,
  top: loadTop,
  tick: formatTick,
  value: formatValue,
};

/** @type {ChartSpec} */
const nodes = {
  id: 'nodes',
  title: 'Nodes',
  height: 240,
  lines: [
    {
      label: 'Ceiling',
      swatch: 'dashes bound',
      column: 'ceiling',
      colour: 'bound',
      width: 1.25,
      dash: [6, 4],
      stepped: true,
    },
    {
      label: 'Floor',
      swatch: 'dashes bound',
      column: 'floor',
      colour: 'bound',
      width: 1.25,
      dash: [6, 4],
      stepped: true,
    },
    {
      label: 'Ready and starting',
      swatch: 'area orange',
      column: 'occupied',
      colour: 'orange',
      width: 1,
      stepped: true,
    },
    {
      label: 'Ready',
      swatch: 'area blue',
      column: 'ready',
      colour: 'blue',
      width: 1.25,
      fill: 'blue-fill',
      stepped: true,
    },
    { label: 'Wanted', swatch: 'line ink', column: 'desired', colour: 'ink', width: 1.75, stepped: true },
  ],
  bands: [{ upper: 2, lower: 3, fill: 'orange-fill' }],
  whole: true,
  top: nodesTop,
  tick: (value) => formatTick(value, ''),
  value: (value) => formatCount(value),
};

/** @type {ChartSpec} */
const cost = {
  id: 'cost',
  title: 'Cost against a reactive autoscaler',
  height: 200,
  lines: [
    {
      label: 'Reactive',
      swatch: 'dashes orange',
      column: 'reactiveUsd',
      colour: 'orange',
      width: 1.5,
      dash: [6, 3],
      stepped: true,
    },
    {
      label: 'Forescale',
      swatch: 'area blue',
      column: 'usd',
      colour: 'blue',
      width: 1.75,
      fill: 'blue-fill',
      stepped: true,
    },
  ],
  bands: [],
  whole: false,
  top: (frame) => Math.max(highestOf(frame.usd), highestOf(frame.reactiveUsd)),
  tick: (value) => formatUsd(value),
  value: (value) => (value === null ? '–' : `${formatUsd(value)}/h`),
};

export const CHARTS = [load, nodes, cost];
