export { type Predictor, type PredictorParts, startPredictor } from './predictor.ts';
