import { describe, expect, it } from 'vitest';
import { NormalEquations } from './normal-equations.ts';
import { REFERENCE_SERIES } from './reference-series.ts';

// R: X <- cbind(1, t/40, sin(2*pi*t/24)) for t = 0..39; solve(t(X) %*% (w*X) + 2*diag(3), t(X) %*% (w*y)) with w = 1,
// and with w = exp(-(39:0)/30); y is the series in reference-series.ts.
const R_RIDGE = [87.99037128, 17.79766793, 19.14917193];
const R_FORGETTING = [78.52531495, 27.05830656, 17.75612224];

function fit(memoryRows: number): number[] {
  const model = new NormalEquations(3, memoryRows);
  for (let t = 0; t < 40; t++) {
    const row = Float64Array.of(1, t / 40, Math.sin((2 * Math.PI * t) / 24));
    model.add(row, 0, REFERENCE_SERIES[t] as number, 1);
  }
  model.solve(2);
  return [...model.coefficients];
}

describe('normal equations', () => {
  it('agree with R on a ridge regression', () => {
    for (const [i, value] of fit(1e12).entries()) expect(value).toBeCloseTo(R_RIDGE[i] as number, 5);
  });

  it('agree with R when older rows weigh less', () => {
    for (const [i, value] of fit(30).entries()) expect(value).toBeCloseTo(R_FORGETTING[i] as number, 5);
  });

  it('stay exact when the sums are rescaled', () => {
    const model = new NormalEquations(2, 5);
    for (let i = 0; i < 5_000; i++) model.add(Float64Array.of(1, i % 7), 0, 3 + 2 * (i % 7), 1);
    model.solve(1e-9);
    expect(model.coefficients[0]).toBeCloseTo(3, 6);
    expect(model.coefficients[1]).toBeCloseTo(2, 6);
  });

  it('keep their coefficients when the system is singular', () => {
    const model = new NormalEquations(2, 100);
    model.add(Float64Array.of(1, 1), 0, 2, 1);
    model.solve(0);
    expect([...model.coefficients]).toEqual([0, 0]);
  });
});
