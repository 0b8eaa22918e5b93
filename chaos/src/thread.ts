import { serve } from '@forescale/bench/threads';
import { type Day, type DayOptions, runDay } from './run/run-day.ts';

serve<Pick<DayOptions, 'seed' | 'hasJournal'>, Day>((job) => runDay(job));
