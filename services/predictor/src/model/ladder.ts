import { holtWinters } from './holt-winters.ts';
import type { MemberSpec } from './member.ts';
import { movedShape } from './moved-shape.ts';
import { persistence } from './persistence.ts';
import { ridge, ridgeLog } from './ridge.ts';
import { seasonalNaive } from './seasonal-naive.ts';
import { seasonalSmoothing } from './seasonal-smoothing.ts';

/** The members that need no training, simplest first. A new one is a file of its own and an entry here. */
export const LADDER = [
  persistence,
  seasonalNaive,
  movedShape,
  holtWinters,
  seasonalSmoothing,
  ridge,
  ridgeLog,
] as const satisfies readonly MemberSpec[];

export type MemberName = (typeof LADDER)[number]['name'];

export const MEMBER_NAMES: readonly MemberName[] = LADDER.map(({ name }) => name);
