/** An expected course of the load: straight lines between points in order of time, level beyond the ends. */
export class Course {
  private readonly timesMs: Float64Array;
  private readonly values: Float64Array;

  constructor(points: number) {
    this.timesMs = new Float64Array(points);
    this.values = new Float64Array(points);
  }

  set(point: number, timeMs: number, value: number): void {
    this.timesMs[point] = timeMs;
    this.values[point] = value;
  }

  /** Points are at equal distances, so that the right pair is found by division. */
  at(timeMs: number): number {
    const { timesMs, values } = this;
    const last = timesMs.length - 1;
    const first = timesMs[0] as number;
    const stepMs = (timesMs[1] as number) - first;
    const place = Math.max(0, Math.min(last, (timeMs - first) / stepMs));
    const before = Math.min(last - 1, Math.floor(place));
    const from = values[before] as number;
    return from + (place - before) * ((values[before + 1] as number) - from);
  }
}
