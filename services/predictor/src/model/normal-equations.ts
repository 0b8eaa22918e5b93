/**
 * Ridge regression that learns row by row and forgets: minimises sum of w_i (y_i - x_i b)^2 + ridge |b|^2 where older
 * rows weigh less. Instead of decaying the sums, each new row weighs more; the sums are rescaled before they overflow.
 */
export class NormalEquations {
  private readonly size: number;
  /** Lower triangle of X'WX, row after row. */
  private readonly gram: Float64Array;
  private readonly moment: Float64Array;
  private readonly growth: number;
  private inflation = 1;
  readonly coefficients: Float64Array;

  /** `memoryRows`: a row's weight falls to 1/e after this many newer ones. */
  constructor(size: number, memoryRows: number) {
    this.size = size;
    this.gram = new Float64Array((size * (size + 1)) / 2);
    this.moment = new Float64Array(size);
    this.coefficients = new Float64Array(size);
    this.growth = Math.exp(1 / memoryRows);
  }

  /** Adds the row that starts at `offset` of `rows`. */
  add(rows: Float64Array, offset: number, target: number, weight: number): void {
    this.inflation *= this.growth;
    if (this.inflation > 1e12) this.rescale();
    const w = weight * this.inflation;
    const { size, gram, moment } = this;
    let k = 0;
    for (let i = 0; i < size; i++) {
      const wx = w * (rows[offset + i] as number);
      if (wx === 0) {
        k += i + 1;
        continue;
      }
      for (let j = 0; j <= i; j++, k++) gram[k] = (gram[k] as number) + wx * (rows[offset + j] as number);
      moment[i] = (moment[i] as number) + wx * target;
    }
  }

  dot(rows: Float64Array, offset: number): number {
    let sum = 0;
    for (let i = 0; i < this.size; i++) sum += (this.coefficients[i] as number) * (rows[offset + i] as number);
    return sum;
  }

  /** Solves by Cholesky for the present coefficients; keeps the old ones when the system is singular. */
  solve(ridge: number): void {
    const { size, gram, moment } = this;
    // Made anew each time: kept, the factors would be a tenth of the memory of a forecaster.
    const factor = new Float64Array(gram.length);
    const shift = ridge * this.inflation;
    for (let i = 0; i < size; i++) {
      const rowI = (i * (i + 1)) / 2;
      for (let j = 0; j <= i; j++) {
        const rowJ = (j * (j + 1)) / 2;
        let sum = (gram[rowI + j] as number) + (i === j ? shift : 0);
        for (let k = 0; k < j; k++) sum -= (factor[rowI + k] as number) * (factor[rowJ + k] as number);
        if (i !== j) factor[rowI + j] = sum / (factor[rowJ + j] as number);
        else if (sum > 0) factor[rowI + i] = Math.sqrt(sum);
        else return;
      }
    }
    const solution = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      const row = (i * (i + 1)) / 2;
      let sum = moment[i] as number;
      for (let k = 0; k < i; k++) sum -= (factor[row + k] as number) * (solution[k] as number);
      solution[i] = sum / (factor[row + i] as number);
    }
    for (let i = size - 1; i >= 0; i--) {
      let sum = solution[i] as number;
      for (let k = i + 1; k < size; k++) sum -= (factor[(k * (k + 1)) / 2 + i] as number) * (solution[k] as number);
      solution[i] = sum / (factor[(i * (i + 1)) / 2 + i] as number);
    }
    if (solution.every(Number.isFinite)) this.coefficients.set(solution);
  }

  private rescale(): void {
    const shrink = 1 / this.inflation;
    for (let i = 0; i < this.gram.length; i++) this.gram[i] = (this.gram[i] as number) * shrink;
    for (let i = 0; i < this.size; i++) this.moment[i] = (this.moment[i] as number) * shrink;
    this.inflation = 1;
  }
}
