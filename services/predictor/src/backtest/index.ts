export {
  type BacktestOptions,
  type BacktestResult,
  backtest,
  METHOD_NAMES,
  type MethodName,
} from './backtest.ts';
export { BacktestTooShortError } from './errors.ts';
