import { describe, expect, it } from 'vitest';
import { runDay } from './run-day.ts';

describe('a chaotic day', () => {
  it.each(Array.from({ length: 20 }, (_, i) => 1 + i))('seed %i: nothing is found wrong', async (seed) => {
    const { findings } = await runDay({ seed, hasJournal: true });
    expect(findings).toEqual([]);
  });

  it('of five days without a journal some go wrong: the harness can see', async () => {
    const days = [];
    for (let seed = 8; seed <= 12; seed++) days.push(await runDay({ seed, hasJournal: false }));
    expect(days.filter(({ findings }) => findings.length > 0).length).toBeGreaterThanOrEqual(2);
  });

  it('is the same for the same seed, word by word', async () => {
    const told = async () => {
      const words: string[] = [];
      await runDay({ seed: 21, hasJournal: true, onSay: (timeMs, text) => words.push(`${timeMs} ${text}`) });
      return words;
    };
    const first = await told();
    expect(first.length).toBeGreaterThan(100);
    expect(await told()).toEqual(first);
  });
});
