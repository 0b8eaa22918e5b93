/** The newest raw samples, by time, in a ring of fixed size. */
export class RawWindow {
  private readonly times: Float64Array;
  private readonly values: Float64Array;
  private count = 0;

  constructor(capacity: number) {
    this.times = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
  }

  add(timeMs: number, value: number): void {
    const slot = this.count % this.times.length;
    this.times[slot] = timeMs;
    this.values[slot] = value;
    this.count++;
  }

  /** Calls `visit` for the samples with fromMs < time <= toMs, newest first; the ring bounds how many there are. */
  each(fromMs: number, toMs: number, visit: (value: number, timeMs: number) => void): void {
    const oldest = Math.max(0, this.count - this.times.length);
    for (let i = this.count - 1; i >= oldest; i--) {
      const slot = i % this.times.length;
      const time = this.times[slot] as number;
      if (time <= fromMs) return;
      if (time <= toMs) visit(this.values[slot] as number, time);
    }
  }
}
