export { Quality } from './quality.ts';
