import { NormalEquations } from './normal-equations.ts';

/** Of a running cell, this many samples at most are told apart. */
const BUCKETS = 5;
export const ANCHOR_ROW = 2;

/**
 * How far the expected course is to be moved when the newest samples lie off it: a regression, for each step ahead, of
 * what came on the deviation of the last sample and on that of the samples of the running cell. A noisy series learns to
 * be left alone, a smooth one to be followed; what the deviation tells fades with the distance.
 */
export class LevelAnchor {
  private readonly models: NormalEquations[];
  private readonly steps: number;

  constructor(steps: number, memoryTicks: number) {
    this.steps = steps;
    this.models = Array.from({ length: steps * BUCKETS }, () => new NormalEquations(ANCHOR_ROW, memoryTicks));
  }

  /** `row`: deviations of the last sample and of the running cell, in the unit of the step's scale. */
  learn(step: number, samples: number, rows: Float64Array, offset: number, residual: number): void {
    const bounded = Math.max(-4, Math.min(4, residual));
    this.model(step, samples).add(rows, offset, bounded, 1);
  }

  refit(): void {
    for (const model of this.models) model.solve(30);
  }

  /** By how many units of scale the course is to be moved at a step. */
  shift(step: number, samples: number, rows: Float64Array, offset: number): number {
    return this.model(step, samples).dot(rows, offset);
  }

  private model(step: number, samples: number): NormalEquations {
    const bucket = Math.min(samples, BUCKETS - 1);
    return this.models[bucket * this.steps + Math.min(step, this.steps - 1)] as NormalEquations;
  }
}
