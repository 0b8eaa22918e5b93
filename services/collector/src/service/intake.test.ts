import { parseConfig } from '@forescale/shared/config';
import { type Log, silentInstruments } from '@forescale/shared/telemetry';
import { expect, it } from 'vitest';
import { Intake } from './intake.ts';
import { SourceBook } from './source-book.ts';

const START_MS = Date.UTC(2026, 2, 4, 12);

function createIntake() {
  const said: unknown[] = [];
  const warn = ({ dropped }: { readonly dropped: number }, line: string) => void said.push([line, dropped]);
  const log = { warn } as unknown as Log;
  const config = parseConfig('autoscaler: { pools: [{ name: web }] }', 'test', {});
  const intake = new Intake({ config, book: new SourceBook(config), instruments: silentInstruments(), log });
  const refuse = (source: string, reason: string, afterMs: number) =>
    intake.take(source, { measurements: [], refusals: [reason] }, START_MS + afterMs);
  return { intake, refuse, said };
}

it('whoever sends nonsense a thousand times a second is spoken of once in ten', () => {
  const { intake, refuse, said } = createIntake();
  for (let ms = 0; ms < 9_000; ms++) refuse('push', `reason ${ms}`, ms);
  refuse('otlp', 'another', 9_000);
  intake.tell(START_MS + 9_999);
  const first = [
    ['push: refused: reason 0', 1],
    ['otlp: refused: another', 1],
  ];
  expect(said).toEqual(first);
  // Nothing more comes: what did is said all the same.
  intake.tell(START_MS + 10_000);
  intake.tell(START_MS + 30_000);
  expect(said).toEqual([...first, ['push: refused: reason 1', 8_999]]);
});
