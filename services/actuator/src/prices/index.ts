export type { Refusal } from './choose-machines.ts';
export {
  type CompletedPool,
  type Consideration,
  completeOfferings,
  completePool,
  tally,
} from './complete-offerings.ts';
