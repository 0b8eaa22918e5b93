// @ts-check
/** @import { Snapshot } from './feed.js' */
/** @import { Frame } from './frame.js' */
import { CHARTS } from './charts.js';
import { byId, setText, throttle } from './dom.js';
import { clockIn, unitOf } from './format.js';
import { forecastAt, toFrame } from './frame.js';
import { writeClock, writeLoss, writeMode, writePickers } from './head.js';
import { bridgeCells, lastOf } from './history.js';
import { leadTimes } from './lead-time.js';
import { spending } from './money.js';
import { createPanel } from './panel.js';
import { createSide } from './side.js';
import { createSources } from './sources.js';
import { readPalette, wireTheme } from './theme.js';
import { tilesOf, writeTiles } from './tiles.js';
import { createWhatIf } from './what-if.js';
import { costSentence, loadSentence, nodesSentence } from './words.js';

const AHEAD_S = 15 * 60;
const EMPTY = { stepS: 60, timesS: [], columns: emptyColumns() };

/** Everything that is drawn. It holds no data but the frame in view. */
export function createView() {
  const clock = clockIn();
  const side = createSide(clock);
  const sources = createSources();
  const whatIf = createWhatIf();
  let palette = readPalette();
  /** @type {Frame | null} */
  let frame = null;
  /** @type {number | null} */
  let cursor = null;

  const announce = throttle(400, (/** @type {string} */ text) => {
    byId('cursor-announcer').textContent = text;
  });
  /** @param {number | null} index */
  const onCursor = (index) => {
    cursor = index;
    showReading();
  };
  /** @param {number} timeS */
  const onPoint = (timeS) => {
    for (const panel of panels) panel.pointAt(timeS);
  };
  const context = { clock, palette: () => palette, onCursor, onPoint, announce };
  const panels = CHARTS.map((spec) => createPanel(spec, byId('charts'), context));
  wireTheme(byId('theme'), () => {
    palette = readPalette();
    for (const panel of panels) panel.repaint();
  });

  function showReading() {
    for (const panel of panels) panel.read(cursor);
    const timeS = cursor === null ? undefined : frame?.timesS[cursor];
    setText(byId('reading'), timeS === undefined ? 'Values are of now' : `Values of ${clock.moment(timeS)}`);
  }

  /** @param {Snapshot} snapshot @param {number | null} speed */
  function show(snapshot, speed) {
    const { nowS, pools, pool, signal, forecast, plan, rangeS } = snapshot;
    writeLoss(null, clock);
    writeClock({ nowS, wallS: Date.now() / 1000, speed }, clock);
    writePickers(pools, pool, signal);
    writeMode(pool, plan);
    whatIf.show(pool, signal);
    const past = bridgeCells(snapshot.history ?? EMPTY);
    const { columns, timesS } = past;
    frame = toFrame(past, forecast, nowS, rangeS);
    const unit = unitOf(signal);
    const load = lastOf(columns.load);
    const ahead = forecastAt(forecast, nowS + AHEAD_S);
    const money = spending(timesS, columns.usd, columns.reactiveUsd, 3 * past.stepS);
    if (!pool) return;
    const carries = signal?.capacityPerNode ?? null;
    const leadsS = carries === null ? [] : leadTimes(timesS, columns.load, columns.ready, carries);
    writeTiles(byId('tiles'), tilesOf({ pool, signal, forecast, load, ahead, leadsS, money }));
    const expected = {
      q10: lastOf(columns.q10),
      q50: lastOf(columns.q50),
      q90: lastOf(columns.q90),
      q99: lastOf(columns.q99),
    };
    const words = [loadSentence(load, expected, ahead, unit), nodesSentence(pool), costSentence(money)];
    for (const [i, panel] of panels.entries()) panel.draw(frame, unit, words[i] ?? '');
    showReading();
    side.write(plan);
    sources.write({ document: snapshot.sources, nowS });
  }

  return {
    show,
    /** Says that nothing new comes, and why. @param {unknown} error @param {number | null} sinceS when the last answer was from */
    lose: (error, sinceS) => writeLoss({ error, sinceS }, clock),
  };
}

/** @returns {import('./history.js').History['columns']} */
function emptyColumns() {
  return {
    load: [],
    q10: [],
    q50: [],
    q90: [],
    q99: [],
    ready: [],
    starting: [],
    desired: [],
    floor: [],
    ceiling: [],
    usd: [],
    reactiveUsd: [],
  };
}
