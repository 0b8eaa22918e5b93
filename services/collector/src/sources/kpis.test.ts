import { describe, expect, it } from 'vitest';
import { readKpis } from './kpis.ts';
import { screen } from './screen.ts';
import type { Measurement } from './source.ts';

const NOW_MS = Date.parse('2026-11-24T10:00:00Z');
const kpi = (subject: string, payload: unknown) => ({
  subject,
  data: new TextEncoder().encode(typeof payload === 'string' ? payload : JSON.stringify(payload)),
});
const accept = (...batch: ReturnType<typeof kpi>[]) => {
  const { measurements, refusals } = readKpis(batch, NOW_MS);
  const { fit, refused } = screen(measurements, new Set(['web', 'jobs']), NOW_MS);
  const samples = fit.map((index) => measurements[index] as Measurement);
  return { samples, refusals: [...refusals, ...refused.map(({ reason }) => reason)] };
};

describe('KPIs from the bus', () => {
  it.each<[what: string, subject: string, payload: unknown, refusal: string]>([
    ['of a pool that is not there', 'forescale.v1.kpi.other.rps', { value: 1 }, 'pool = "other": allowed: web, jobs'],
    [
      'with a subject that is none',
      'forescale.v1.kpi.web',
      { value: 1 },
      'forescale.v1.kpi.web: subject = "forescale.v1.kpi.web": allowed: forescale.v1.kpi.<pool>.<signal>',
    ],
    [
      'without a value',
      'forescale.v1.kpi.web.rps',
      {},
      'forescale.v1.kpi.web.rps: value = absent: allowed: a finite number',
    ],
    ['that is no JSON', 'forescale.v1.kpi.web.rps', 'value=1', 'forescale.v1.kpi.web.rps: payload: not JSON in UTF-8'],
    [
      'too far ahead',
      'forescale.v1.kpi.web.rps',
      { value: 1, time: '2026-11-24T10:05:00.001Z' },
      'time = 2026-11-24T10:05:00.001Z: allowed: at most 5 min ahead of 2026-11-24T10:00:00.000Z',
    ],
  ])('one %s is refused by name; the others of its batch are not', (_what, subject, payload, refusal) => {
    const good = kpi('forescale.v1.kpi.web.rps', { value: 2 });
    const { samples, refusals } = accept(good, kpi(subject, payload), good);
    expect(refusals).toEqual([refusal]);
    expect(samples.map((sample) => sample.value)).toEqual([2, 2]);
  });

  it('one that is late, or a little ahead, is as good as any', () => {
    const times = ['2026-11-24T10:05:00Z', '2020-01-01T00:00:00Z'];
    const { samples } = accept(...times.map((time) => kpi('forescale.v1.kpi.jobs.queue', { value: 1, time })));
    expect(samples.map((sample) => sample.timeMs)).toEqual(times.map((time) => Date.parse(time)));
  });

  it('one without a time is of now', () => {
    expect(accept(kpi('forescale.v1.kpi.web.rps', { value: 1 })).samples).toEqual([
      { pool: 'web', signal: 'rps', source: 'nats', timeMs: NOW_MS, value: 1 },
    ]);
  });
});
