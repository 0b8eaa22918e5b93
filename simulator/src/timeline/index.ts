export { Timeline } from './timeline.ts';
