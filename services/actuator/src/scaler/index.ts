export { type Scaler, type ScalerParts, startScaler } from './scaler.ts';
