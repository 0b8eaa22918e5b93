// @ts-check
/** @import { ChartSpec, Line } from './charts.js' */
/** @import { Frame } from './frame.js' */
/** @import { Palette } from './theme.js' */
import { createChart } from './chart.js';
import { element, setText, throttle } from './dom.js';
import { firstAtOrAfter, lastOf } from './history.js';

/** Rows of the table that stands for the picture. */
const TABLE_ROWS = 12;
/** Cells that one press of Page Up or Page Down crosses. */
const PAGE_CELLS = 30;

/**
 * @typedef {{ time(epochS: number): string, moment(epochS: number): string, day(epochS: number): string | null }} Clock
 * @typedef {{ clock: Clock, palette: () => Palette, onCursor: (index: number | null) => void,
 *   onPoint: (timeS: number) => void, announce: (text: string) => void }} Context
 */

/**
 * A chart with all that words it: a sentence, a legend with values, a table, and a cursor that arrow keys move.
 * @param {ChartSpec} spec @param {HTMLElement} parent @param {Context} context
 */
export function createPanel(spec, parent, context) {
  const { figure, sentence, legend, host, details, table } = build(spec);
  parent.append(figure);
  const values = spec.lines.map((line) => (line.hidden ? null : addEntry(legend, line.label, line.swatch)));
  const chart = createChart(spec, host, context);
  /** @type {{ frame: Frame, unit: string } | null} */
  let shown = null;
  const writeShown = () => {
    if (shown && details.open) writeTable(table, spec, shown, context.clock);
  };
  const fillTable = throttle(1_000, writeShown);
  details.addEventListener('toggle', writeShown);
  host.addEventListener('keydown', (event) => {
    const index = shown && keyTarget(event.key, chart.cursorIndex(), shown.frame);
    if (!shown || index === null) return;
    event.preventDefault();
    context.onPoint(shown.frame.timesS[index] ?? shown.frame.nowS);
    context.announce(wordsAt(spec, shown.frame, shown.unit, index, context.clock));
  });

  return {
    /** @param {Frame} frame @param {string} unit @param {string} words what the picture says now */
    draw(frame, unit, words) {
      shown = { frame, unit };
      chart.draw(frame, unit);
      setText(sentence, words);
      fillTable(null);
    },
    /** Shows the values at a cell; the latest for null. @param {number | null} index */
    read(index) {
      if (!shown) return;
      const { frame, unit } = shown;
      /** @param {Line['column']} column */
      const pick = (column) => (index === null ? latest(frame[column], frame) : (frame[column][index] ?? null));
      for (const [i, line] of spec.lines.entries()) {
        const node = values[i];
        if (node) setText(node, wordsOf(spec, line, pick, unit));
      }
    },
    /** Moves the cursor to a time. @param {number} timeS */
    pointAt: (timeS) => chart.pointAt(timeS),
    repaint: () => chart.repaint(),
  };
}

/** @param {ChartSpec} spec */
function build(spec) {
  const titleId = `${spec.id}-title`;
  const title = element('h2', '', spec.title);
  title.id = titleId;
  const sentence = element('p', 'sentence');
  sentence.id = `${spec.id}-sentence`;
  const legend = element('dl', 'legend');
  const host = element('div', `plot plot-${spec.id}`);
  host.tabIndex = 0;
  host.setAttribute('role', 'group');
  host.setAttribute('aria-roledescription', 'chart');
  host.setAttribute('aria-labelledby', titleId);
  host.setAttribute('aria-describedby', sentence.id);
  const table = element('table', '');
  // Where the table is wider than the screen, keys must be able to scroll it.
  const scroll = element('div', 'scroll', [table]);
  scroll.tabIndex = 0;
  scroll.setAttribute('role', 'group');
  scroll.setAttribute('aria-label', `${spec.title}, as a table`);
  const details = element('details', 'data', [element('summary', '', 'Values as a table'), scroll]);
  const figure = element('section', 'card chart', [title, sentence, legend, host, details]);
  figure.setAttribute('aria-labelledby', titleId);
  return { figure, sentence, legend, host, details, table };
}

/** @param {HTMLElement} legend @param {string} label @param {string} swatch */
function addEntry(legend, label, swatch) {
  const mark = element('span', `swatch ${swatch}`);
  mark.setAttribute('aria-hidden', 'true');
  const value = element('dd', '');
  legend.append(element('div', 'entry', [element('dt', '', [mark, document.createTextNode(label)]), value]));
  return value;
}

/** @param {ChartSpec} spec @param {Line} line @param {(column: Line['column']) => number | null} pick @param {string} unit */
function wordsOf(spec, line, pick, unit) {
  const value = spec.value(pick(line.column), unit);
  return line.from ? `${spec.value(pick(line.from), '')}–${value}` : value;
}

/** The last value that is not of the future. @param {readonly (number | null)[]} cells @param {Frame} frame */
function latest(cells, frame) {
  return lastOf(cells.slice(0, firstAtOrAfter(frame.timesS, frame.nowS + 1e-3)));
}

/** The cell to which a key moves the cursor; null for other keys. @param {string} key @param {number | null} from @param {Frame} frame */
function keyTarget(key, from, frame) {
  const last = frame.timesS.length - 1;
  const start = from ?? Math.max(0, firstAtOrAfter(frame.timesS, frame.nowS) - 1);
  /** @type {Record<string, number>} */
  const targets = {
    ArrowLeft: start - 1,
    ArrowRight: start + 1,
    PageUp: start - PAGE_CELLS,
    PageDown: start + PAGE_CELLS,
    Home: firstAtOrAfter(frame.timesS, frame.fromS),
    End: last,
  };
  const target = targets[key];
  return target === undefined || last < 0 ? null : Math.min(last, Math.max(0, target));
}

/** @param {ChartSpec} spec @param {Frame} frame @param {string} unit @param {number} index @param {Clock} clock */
function wordsAt(spec, frame, unit, index, clock) {
  const values = spec.lines
    .filter((line) => !line.hidden && (frame[line.column][index] ?? null) !== null)
    .map((line) => `${line.label} ${wordsOf(spec, line, (column) => frame[column][index] ?? null, unit)}`);
  return `${clock.moment(frame.timesS[index] ?? frame.nowS)}: ${values.join(', ') || 'no data'}`;
}

/** @param {HTMLTableElement} table @param {ChartSpec} spec @param {{ frame: Frame, unit: string }} shown @param {Clock} clock */
function writeTable(table, spec, { frame, unit }, clock) {
  const from = firstAtOrAfter(frame.timesS, frame.fromS);
  const count = Math.min(TABLE_ROWS, frame.timesS.length - from);
  const stride = Math.max(1, (frame.timesS.length - 1 - from) / Math.max(1, count - 1));
  const rows = Array.from({ length: count }, (_, k) =>
    Math.min(frame.timesS.length - 1, Math.round(from + k * stride)),
  );
  /** @param {string} text */
  const header = (text) => {
    const cell = element('th', '', text);
    cell.scope = 'col';
    return cell;
  };
  const head = element('tr', '', [header('Time'), ...spec.lines.map(({ label }) => header(label))]);
  const body = rows.map((index) => {
    const time = element('th', '', clock.moment(frame.timesS[index] ?? 0));
    time.scope = 'row';
    const cells = spec.lines.map(({ column }) => element('td', '', spec.value(frame[column][index] ?? null, unit)));
    return element('tr', '', [time, ...cells]);
  });
  table.replaceChildren(
    element('caption', 'unseen', spec.title),
    element('thead', '', [head]),
    element('tbody', '', body),
  );
}
