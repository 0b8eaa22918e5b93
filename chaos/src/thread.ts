import { serve } from '@forescale/bench/threads';
import type { DayOptions } from './run/day-world.ts';
import { type Day, runDay } from './run/run-day.ts';

serve<Pick<DayOptions, 'seed' | 'hasJournal'>, Day>((job) => runDay(job));
