const GOLDEN_RATIO = 0.6180339887498949;

/** First cell of the test part: ceil((1 - testFraction) n). */
export function testStart(cells: number, testFraction: number): number {
  return Math.ceil((1 - testFraction) * cells);
}

/**
 * The cells at which forecasts are issued: `count` of them over the last `testFraction`, spread by the golden ratio so
 * that they do not beat with the day. An origin moves forward to the first cell whose predecessor was measured and
 * whose window [origin, origin + horizon) is at least 90 % measured; what finds none, or repeats another, is dropped.
 */
export function originsOf(values: Float64Array, horizon: number, count: number, testFraction: number): number[] {
  const cells = values.length;
  const start = testStart(cells, testFraction);
  const span = cells - horizon - start;
  const origins: number[] = [];
  for (let i = 0; i < count; i++) {
    let origin = start + Math.floor(((i + ((i * GOLDEN_RATIO) % 1)) * span) / count);
    while (origin <= cells - horizon && !isScorable(values, origin, horizon)) origin++;
    const last = origins.at(-1);
    if (origin > 0 && origin <= cells - horizon && (last === undefined || origin > last)) origins.push(origin);
  }
  return origins;
}

function isScorable(values: Float64Array, origin: number, horizon: number): boolean {
  if (Number.isNaN(values[origin - 1] ?? Number.NaN)) return false;
  let measured = 0;
  for (let i = origin; i < origin + horizon; i++) if (!Number.isNaN(values[i])) measured++;
  return measured / horizon >= 0.9;
}
