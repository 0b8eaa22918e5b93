// @ts-check
const FAST_MS = 300;
const SLOW_MS = 5_000;
const HIDDEN_MS = 30_000;
const RETRY_MS_MAX = 10_000;

/**
 * How fast the service's time passes: 1 in real life, in the thousands in a simulation. Null before two readings.
 * @returns {{ observe(nowS: number, wallMs: number): number | null }}
 */
export function createSpeedometer() {
  /** @type {{ nowS: number, wallMs: number } | null} */
  let before = null;
  /** @type {number | null} */
  let speed = null;
  return {
    observe(nowS, wallMs) {
      if (before && wallMs > before.wallMs) {
        const measured = Math.max(0, ((nowS - before.nowS) * 1000) / (wallMs - before.wallMs));
        const settled = speed !== null && Math.abs(measured - speed) < speed;
        speed = settled && speed !== null ? 0.85 * speed + 0.15 * measured : measured;
      }
      before = { nowS, wallMs };
      return speed;
    },
  };
}

/**
 * How long to wait before the next reading. @param {{ speed: number | null, failures: number, hidden: boolean }} pace
 */
export function delayMs({ speed, failures, hidden }) {
  if (failures > 0) return Math.min(RETRY_MS_MAX, 500 * 2 ** failures);
  if (hidden) return HIDDEN_MS;
  return speed === null || speed > 5 ? FAST_MS : SLOW_MS;
}
