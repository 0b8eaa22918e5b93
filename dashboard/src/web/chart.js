// @ts-check
/** @import { ChartSpec } from './charts.js' */
/** @import { Frame } from './frame.js' */
/** @import { Palette } from './theme.js' */
import { steadyTop } from './scales.js';
import uPlot from './vendor/uplot.js';

const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const stepped = uPlot.paths.stepped?.({ align: 1 });

/**
 * One chart on a canvas. It shares its cursor with the others and begins at 0.
 * @param {ChartSpec} spec
 * @param {HTMLElement} host
 * @param {{ clock: { time(epochS: number): string, day(epochS: number): string | null }, palette: () => Palette, onCursor: (index: number | null) => void }} context
 */
export function createChart(spec, host, { clock, palette, onCursor }) {
  /** @type {Frame | null} */
  let frame = null;
  let top = 0;
  let unit = '';

  const plot = new uPlot(
    {
      width: Math.max(200, host.clientWidth),
      height: spec.height,
      legend: { show: false },
      padding: [8, 12, 0, 0],
      cursor: {
        y: false,
        drag: { x: false, y: false, setScale: false },
        sync: { key: 'forescale', setSeries: false },
        points: {
          size: 7,
          width: 2,
          stroke: () => palette().card,
          fill: (_, i) => palette()[spec.lines[i - 1]?.colour ?? 'ink'],
        },
      },
      scales: {
        x: { time: true, range: () => [frame?.fromS ?? 0, frame?.toS ?? 1] },
        y: { range: () => [0, top || 1] },
      },
      axes: [timeAxis(clock, palette), valueAxis(spec, palette, () => unit)],
      series: [{}, ...spec.lines.map((line) => seriesOf(line, palette))],
      bands: spec.bands.map(({ upper, lower, fill }) => ({
        series: [upper + 1, lower + 1],
        fill: () => palette()[fill],
      })),
      hooks: {
        drawClear: [(u) => frame && shadeFuture(u, frame.nowS, palette())],
        draw: [(u) => frame && markNow(u, frame.nowS, palette())],
        setCursor: [(u) => onCursor(u.cursor.idx ?? null)],
      },
    },
    [[], ...spec.lines.map(() => [])],
    host,
  );

  const observer = new ResizeObserver(() => {
    const width = Math.floor(host.clientWidth);
    if (width > 0 && width !== plot.width) plot.setSize({ width, height: spec.height });
  });
  observer.observe(host);

  return {
    /** Draws a frame. `newUnit` is that of the signal. @param {Frame} next @param {string} newUnit */
    draw(next, newUnit) {
      if (newUnit !== unit) top = 0;
      unit = newUnit;
      frame = next;
      top = steadyTop(top, spec.top(next));
      plot.setData([next.timesS, ...spec.lines.map(({ column }) => next[column])]);
    },
    /** Draws again, in the colours now in force. */
    repaint: () => plot.redraw(false, true),
    /** @param {number} timeS */
    pointAt: (timeS) => plot.setCursor({ left: plot.valToPos(timeS, 'x'), top: spec.height / 3 }),
    cursorIndex: () => plot.cursor.idx ?? null,
  };
}

/** @param {ChartSpec['lines'][number]} line @param {() => Palette} palette @returns {uPlot.Series} */
function seriesOf(line, palette) {
  const { fill, dash } = line;
  return {
    label: line.label,
    width: line.width,
    stroke: () => palette()[line.colour],
    points: { show: false },
    ...(dash ? { dash } : {}),
    ...(fill ? { fill: () => palette()[fill] } : {}),
    ...(line.stepped && stepped ? { paths: stepped } : {}),
  };
}

/** @param {{ time(epochS: number): string, day(epochS: number): string | null }} clock @param {() => Palette} palette @returns {uPlot.Axis} */
function timeAxis(clock, palette) {
  return {
    font: FONT,
    stroke: () => palette().muted,
    space: 64,
    size: 32,
    grid: { stroke: () => palette().grid, width: 1 },
    ticks: { show: false },
    values: (_, splits) => splits.map((timeS) => clock.day(timeS) ?? clock.time(timeS)),
  };
}

/** @param {ChartSpec} spec @param {() => Palette} palette @param {() => string} unit @returns {uPlot.Axis} */
function valueAxis(spec, palette, unit) {
  return {
    font: FONT,
    stroke: () => palette().muted,
    size: 56,
    space: 36,
    grid: { stroke: () => palette().grid, width: 1 },
    ticks: { show: false },
    values: (_, splits) => splits.map((value) => spec.tick(value, unit())),
    ...(spec.whole ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000] } : {}),
  };
}

/** @param {uPlot} u @param {number} nowS @param {Palette} palette */
function shadeFuture(u, nowS, palette) {
  const { left, top, width, height } = u.bbox;
  const x = Math.round(u.valToPos(nowS, 'x', true));
  if (x >= left + width) return;
  u.ctx.fillStyle = palette.ahead;
  u.ctx.fillRect(Math.max(left, x), top, left + width - Math.max(left, x), height);
}

/** @param {uPlot} u @param {number} nowS @param {Palette} palette */
function markNow(u, nowS, palette) {
  const { left, top, width, height } = u.bbox;
  const x = Math.round(u.valToPos(nowS, 'x', true)) + 0.5;
  if (x < left || x > left + width) return;
  u.ctx.save();
  u.ctx.strokeStyle = palette.muted;
  u.ctx.lineWidth = uPlot.pxRatio;
  u.ctx.beginPath();
  u.ctx.moveTo(x, top);
  u.ctx.lineTo(x, top + height);
  u.ctx.stroke();
  const size = 11 * uPlot.pxRatio;
  const fits = x + 3 * size < left + width;
  u.ctx.font = `${size}px system-ui, sans-serif`;
  u.ctx.fillStyle = palette.muted;
  u.ctx.textAlign = fits ? 'left' : 'right';
  u.ctx.textBaseline = 'top';
  u.ctx.fillText('now', x + (fits ? 5 : -5) * uPlot.pxRatio, top + 2 * uPlot.pxRatio);
  u.ctx.restore();
}
