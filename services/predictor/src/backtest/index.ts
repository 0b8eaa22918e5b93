export {
  type BacktestOptions,
  type BacktestResult,
  backtest,
  METHOD_NAMES,
  type MethodName,
  SCORED_LEVELS,
} from './backtest.ts';
export { BacktestTooShortError } from './errors.ts';
export type { MaximaScores, MaximumScore } from './maxima.ts';
export { originsOf } from './origins.ts';
export { lossesByOrigin, type OriginLoss, type QuantileForecast, type Score, scoreForecasts } from './score.ts';
