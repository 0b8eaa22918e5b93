export { SignalHistory } from '../history/signal-history.ts';
export { type Predictor, type PredictorParts, startPredictor } from './predictor.ts';
