import { describe, expect, it } from 'vitest';
import type { Sample } from '../domain/index.ts';
import { decodeKpi } from './index.ts';
import { bytesOf, refusal } from './refusal.test-data.ts';

const AT_MS = Date.parse('2026-11-24T10:00:00Z');

describe('wire: KPIs', () => {
  const kpi = (payload: unknown) => decodeKpi('forescale.v1.kpi.web.rps', bytesOf(payload), AT_MS);
  const event = { specversion: '1.0', id: '1', source: '/shop/api#3', type: 'kpi', data: { value: 3 } };

  it.each<[what: string, payload: unknown, expected: Partial<Sample>]>([
    ['bare', { value: 1.5 }, { source: 'nats', timeMs: AT_MS, value: 1.5 }],
    [
      'bare with a time',
      { value: 1, unit: 'rps', time: '2026-01-01T00:00:00+02:00' },
      { timeMs: Date.parse('2025-12-31T22:00Z') },
    ],
    ['a CloudEvent', event, { source: '/shop/api#3', timeMs: AT_MS, value: 3 }],
    [
      'a CloudEvent with a time',
      { ...event, time: '2026-01-01T00:00:00Z' },
      { timeMs: Date.parse('2026-01-01T00:00Z') },
    ],
    [
      'the time of the data goes before that of the event',
      { ...event, time: '2026-01-01T00:00:00Z', data: { value: 1, time: '2026-01-02T00:00:00Z' } },
      { timeMs: Date.parse('2026-01-02T00:00Z') },
    ],
    ['a CloudEvent of nobody', { ...event, source: undefined }, { source: 'nats' }],
    ['a source that no tag can hold', { ...event, source: 'a b\\c\n\u0000é' }, { source: 'a-b-c---' }],
    ['a source that is too long for a tag', { ...event, source: 'x'.repeat(200) }, { source: 'x'.repeat(63) }],
    ['fields that nobody knows', { value: 1, host: 'h' }, { value: 1 }],
    ['an exponent', '{"value": 1e3}', { value: 1_000 }],
  ])('%s', (_what, payload, expected) => {
    expect(kpi(payload)).toMatchObject({ pool: 'web', signal: 'rps', ...expected });
  });

  it.each<[what: string, payload: unknown, message: string]>([
    ['text for a number', { value: '1' }, 'value = "1": allowed: a finite number'],
    ['nothing for a number', { value: null }, 'value = null: allowed: a finite number'],
    ['no value', {}, 'value = absent: allowed: a finite number'],
    ['more than a number can hold', '{"value":1e999}', 'value = null: allowed: a finite number'],
    ['nothing', 'null', 'payload = null: Invalid input: expected object, received null'],
    ['a number', '5', 'payload = 5: Invalid input: expected object, received number'],
    ['a list', [1], 'payload = [1]: Invalid input: expected object, received array'],
    [
      'a day that does not exist',
      { value: 1, time: '2026-02-30T00:00:00Z' },
      'time = "2026-02-30T00:00:00Z": allowed: an RFC 3339 time, from 1970 on',
    ],
    [
      'a time without a zone',
      { value: 1, time: '2026-02-03T00:00:00' },
      'time = "2026-02-03T00:00:00": allowed: an RFC 3339 time, from 1970 on',
    ],
    [
      'a time that no store takes',
      { value: 1, time: '0001-01-01T00:00:00Z' },
      'time = "0001-01-01T00:00:00Z": allowed: an RFC 3339 time, from 1970 on',
    ],
    ['epoch seconds', { value: 1, time: 1_700_000_000 }, 'time = 1700000000: allowed: an RFC 3339 time, from 1970 on'],
    ['another version', { ...event, specversion: '0.3' }, 'specversion = "0.3": Invalid input: expected "1.0"'],
    [
      'data as text',
      { ...event, data: '{"value":1}' },
      'data = "{\\"value\\":1}": Invalid input: expected object, received string',
    ],
    ['a bad value in a CloudEvent', { ...event, data: { value: [] } }, 'data.value = []: allowed: a finite number'],
    [
      'a long unit',
      { value: 1, unit: 'x'.repeat(200) },
      `unit = "${'x'.repeat(79)}: Too big: expected string to have <=32 characters`,
    ],
    ['no JSON', '{"value":', 'payload: not JSON in UTF-8'],
    ['nesting without an end', '['.repeat(500_000), 'payload: not JSON in UTF-8'],
    ['nothing at all', '', 'payload: not JSON in UTF-8'],
  ])('refused: %s', (_what, payload, message) => {
    expect(refusal(() => kpi(payload))).toBe(message);
  });

  it('refused: brackets deeper than the stack, which can be read and not shown', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    for (const text of [deep, `{"value":${deep}}`])
      expect(refusal(() => decodeKpi('forescale.v1.kpi.web.rps', new TextEncoder().encode(text), AT_MS))).toMatch(
        /too deep to be shown|not JSON/,
      );
  });

  it('refused: bytes that are no UTF-8, or too many', () => {
    const decode = (bytes: Uint8Array) => () => decodeKpi('forescale.v1.kpi.web.rps', bytes, AT_MS);
    expect(refusal(decode(new Uint8Array([0x22, 0xff, 0x22])))).toBe('payload: not JSON in UTF-8');
    expect(refusal(decode(new Uint8Array(1_048_577)))).toBe('payload: 1048577 bytes; allowed: at most 1048576');
  });

  it('refused: a subject that names no pool and signal', () => {
    expect(refusal(() => decodeKpi('forescale.v1.kpi.Web', bytesOf({ value: 1 }), AT_MS))).toBe(
      'subject = "forescale.v1.kpi.Web": allowed: forescale.v1.kpi.<pool>.<signal>',
    );
  });

  it('a prototype in the payload changes nothing', () => {
    const decoded = kpi('{"value":1,"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
    expect(decoded).toEqual({ pool: 'web', signal: 'rps', source: 'nats', timeMs: AT_MS, value: 1 });
    expect((decoded as unknown as Record<string, unknown>).polluted).toBeUndefined();
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
