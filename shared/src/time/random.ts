import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** A seeded source of chance: the same seed gives the same sequence on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, below). */
  below(below: number): number;
  /** Standard normal (Box-Muller). */
  normal(): number;
  /** Exponential with the given mean. */
  exponential(mean: number): number;
}

/** `seed` is taken as an integer of 32 bits. */
export function seededRandom(seed: number): Random {
  // Seeds are small and alike (1, 2, 3); a state made of them as they are would begin alike, too.
  const generator = xoroshiro128plusFromState([1, 2, 3, 4].map((word) => scramble(seed + word * 0x9e3779b9)));
  const next = () => (generator.next() >>> 0) / 0x1_0000_0000;
  return {
    next,
    below: (below) => Math.floor(next() * below),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    exponential: (mean) => -mean * Math.log(1 - next()),
  };
}

/** An integer of 32 bits in which every bit depends on every bit of `word` (the finaliser of MurmurHash3). */
function scramble(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
