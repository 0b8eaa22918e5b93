import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createAudit } from './index.ts';

function audited() {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  return { audit: createAudit(pino({ level: 'error', base: {}, timestamp: false }, { write })), lines };
}

const entry = { action: 'override', target: 'web', by: 'ops', via: 'nats' };

it('is written whatever the level of the log, one line for each change', () => {
  const { audit, lines } = audited();
  const told = { outcome: 'done', why: 'min 3', before: 'none', after: 'min 3' };
  audit.add({ ...entry, ...told });
  expect(lines).toEqual([{ level: 30, audit: true, ...entry, ...told, msg: 'override web' }]);
});

it('tells how a change has ended, and hands on its result or its error', async () => {
  const { audit, lines } = audited();
  expect(await audit.during(entry, async () => 7)).toBe(7);
  await expect(audit.during(entry, () => Promise.reject(new Error('HTTP 403')))).rejects.toThrow('HTTP 403');
  expect(lines.map(({ outcome }) => outcome)).toEqual(['done', 'HTTP 403']);
});

it('cuts what somebody else has said to a line that can be kept', () => {
  const { audit, lines } = audited();
  audit.add({ ...entry, outcome: 'x'.repeat(5_000), why: 'y'.repeat(5_000) });
  expect(lines[0]).toMatchObject({ outcome: 'x'.repeat(1_000), why: 'y'.repeat(1_000) });
});

it('of a silent log is silent', () => {
  const lines: string[] = [];
  createAudit(pino({ level: 'silent' }, { write: (line: string) => void lines.push(line) })).add({
    ...entry,
    outcome: 'done',
  });
  expect(lines).toEqual([]);
});
