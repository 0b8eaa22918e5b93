import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coversSubject, matchesSubject, subjectsOverlap } from './subject.ts';

const token = fc.constantFrom('a', 'b', '*');
const pattern = fc
  .tuple(fc.array(token, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([tokens, open]) => [...tokens, ...(open ? ['>'] : [])].join('.'));

/** Every subject of up to four tokens over a small alphabet: the slow way to compare patterns. */
const SUBJECTS = [1, 2, 3, 4].flatMap((length) =>
  Array.from({ length: 3 ** length }, (_, code) =>
    Array.from({ length }, (_, place) => 'abc'[Math.floor(code / 3 ** place) % 3]).join('.'),
  ),
);
const asExpression = (text: string) =>
  new RegExp(
    `^${text
      .split('.')
      .map((part) => (part === '*' ? '[^.]+' : part === '>' ? '.+' : part))
      .join('\\.')}$`,
  );

describe('subjects', () => {
  it('match as the equal regular expression does', () => {
    fc.assert(
      fc.property(pattern, (text) => {
        const expression = asExpression(text);
        for (const subject of SUBJECTS) expect(matchesSubject(text, subject)).toBe(expression.test(subject));
      }),
    );
  });

  it('overlap when some subject fits both, and cover when all that fit one fit the other', () => {
    fc.assert(
      fc.property(pattern, pattern, (a, b) => {
        const inA = SUBJECTS.filter((subject) => matchesSubject(a, subject));
        const inB = SUBJECTS.filter((subject) => matchesSubject(b, subject));
        expect(subjectsOverlap(a, b)).toBe(inA.some((subject) => inB.includes(subject)));
        expect(coversSubject(a, b)).toBe(inB.every((subject) => inA.includes(subject)));
      }),
    );
  });
});
