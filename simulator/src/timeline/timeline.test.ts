import { describe, expect, it } from 'vitest';
import { Timeline } from './timeline.ts';

function run(stepMs: number): string[] {
  const log: string[] = [];
  const timeline = new Timeline(0);
  timeline.at(250, () => log.push(`b@${timeline.nowMs()}`));
  timeline.at(100, () => {
    log.push(`a@${timeline.nowMs()}`);
    timeline.after(0, () => log.push(`a2@${timeline.nowMs()}`));
    timeline.after(30, () => log.push(`a3@${timeline.nowMs()}`));
  });
  for (let now = stepMs; now <= 400; now += stepMs) {
    timeline.advanceTo(
      now,
      () => {},
      () => {},
    );
  }
  return log;
}

describe('timeline', () => {
  it('acts in order of time, at the exact instant, whatever the step is', () => {
    const expected = ['a@100', 'a2@100', 'a3@130', 'b@250'];
    for (const stepMs of [10, 50, 100, 400]) expect(run(stepMs)).toEqual(expected);
  });

  it('keeps the order of requests for one instant', () => {
    const log: number[] = [];
    const timeline = new Timeline(0);
    for (let i = 0; i < 5; i++) timeline.at(10, () => log.push(i));
    timeline.advanceTo(
      10,
      () => {},
      () => {},
    );
    expect(log).toEqual([0, 1, 2, 3, 4]);
  });

  it('settles after every instant and tells of every stretch between them', () => {
    const log: string[] = [];
    const timeline = new Timeline(0);
    timeline.at(100, () => log.push('act'));
    timeline.advanceTo(
      300,
      () => log.push('settle'),
      (from, to) => log.push(`${from}-${to}`),
    );
    expect(log).toEqual(['0-100', 'act', 'settle', '100-300', 'settle']);
  });

  it('refuses to go back, and to take no number', () => {
    const timeline = new Timeline(100);
    for (const timeMs of [99, Number.NaN]) {
      expect(() =>
        timeline.advanceTo(
          timeMs,
          () => {},
          () => {},
        ),
      ).toThrow(RangeError);
    }
  });
});
