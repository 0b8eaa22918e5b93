import { describe, expect, it } from 'vitest';
import { ManualClock, within } from './index.ts';

describe('within a time', () => {
  it('gives what the work gives, tells it that it is over, and makes no error of a deadline that was not reached', async () => {
    const clock = new ManualClock(0);
    let errors = 0;
    let told: AbortSignal | null = null;
    const late = () => {
      errors++;
      return new Error('late');
    };
    const work = async (signal: AbortSignal) => {
      told = signal;
      return 7;
    };
    expect(await within(clock, 1_000, work, late)).toBe(7);
    clock.advanceTo(2_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(errors).toBe(0);
    expect((told as AbortSignal | null)?.aborted).toBe(true);
  });

  it('is late once the time has passed, and the work is told to end', async () => {
    const clock = new ManualClock(0);
    let told: AbortSignal | null = null;
    const outcome = within(
      clock,
      1_000,
      (signal) => {
        told = signal;
        return new Promise<never>(() => {});
      },
      () => new Error('late'),
    );
    clock.advanceTo(1_000);
    await expect(outcome).rejects.toThrow('late');
    expect((told as AbortSignal | null)?.aborted).toBe(true);
  });

  it('fails as the work fails', async () => {
    const work = () => Promise.reject(new Error('broken'));
    await expect(within(new ManualClock(0), 1_000, work, () => new Error('late'))).rejects.toThrow('broken');
  });
});
