export { loadMixSolver } from './highs.ts';
