// @ts-check
/**
 * What was spent and what reacting only to pending pods would have cost, in USD, over the cells where both rates (USD/h) are
 * known. A rate holds until the next cell, but no longer than `stepSMax`.
 * @param {readonly number[]} timesS
 * @param {readonly (number | null)[]} usd
 * @param {readonly (number | null)[]} reactiveUsd
 * @param {number} stepSMax
 */
export function spending(timesS, usd, reactiveUsd, stepSMax) {
  let spent = 0;
  let reactive = 0;
  let seconds = 0;
  for (let i = 1; i < timesS.length; i++) {
    const [rate, other] = [usd[i - 1] ?? null, reactiveUsd[i - 1] ?? null];
    if (rate === null || other === null) continue;
    const spanS = Math.min(stepSMax, (timesS[i] ?? 0) - (timesS[i - 1] ?? 0));
    spent += (rate * spanS) / 3600;
    reactive += (other * spanS) / 3600;
    seconds += spanS;
  }
  return { spent, reactive, saved: reactive - spent, seconds };
}
