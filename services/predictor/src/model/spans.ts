export interface Span<T> {
  readonly from: number;
  readonly until: number;
  readonly value: T;
}

/**
 * Half-open spans of cells, in order and apart, each with a value; between them holds `rest`. The span found last is
 * remembered: nearly every question is about it or its neighbour.
 */
export class Spans<T> {
  private readonly spans: readonly Span<T>[];
  private readonly rest: T;
  private from = Number.NEGATIVE_INFINITY;
  private until = Number.NEGATIVE_INFINITY;
  private value: T;

  constructor(spans: readonly Span<T>[], rest: T) {
    this.spans = spans;
    this.rest = rest;
    this.value = rest;
  }

  at(cell: number): T {
    if (cell >= this.from && cell < this.until) return this.value;
    let low = 0;
    let high = this.spans.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.spans[middle] as Span<T>).until <= cell) low = middle + 1;
      else high = middle;
    }
    const next = this.spans[low];
    const inside = next !== undefined && next.from <= cell;
    this.value = inside ? next.value : this.rest;
    this.from = inside ? next.from : (this.spans[low - 1]?.until ?? Number.NEGATIVE_INFINITY);
    this.until = inside ? next.until : (next?.from ?? Number.POSITIVE_INFINITY);
    return this.value;
  }
}
