import { parseConfig } from '@forescale/shared/config';
import { describe, expect, it } from 'vitest';
import { type Asked, parseLoadAsk, parseScaleAsk } from './ask.ts';
import { AskError } from './errors.ts';

const { pools } = parseConfig(
  'autoscaler: { pools: [{ name: web, signals: [{ name: rps }, { name: cpu }], forecast: { horizon: 1h, valid_for: 5m } }] }',
  'test',
  {},
);
const [web] = pools;
const NAMES = { pool: 'web', signal: 'rps' };

const scale = (more: Asked) => parseScaleAsk({ ...NAMES, target: '100', ...more }, pools, ['scalerAddress']);

describe('what an autoscaler asks for', () => {
  it('has defaults but for what only the user knows', () => {
    expect(parseScaleAsk({ ...NAMES, target: '100' }, pools, [])).toEqual({
      pool: web,
      signal: web?.signals[0],
      quantile: 0.95,
      leadMs: 120_000,
      target: 100,
      activation: 0,
    });
  });

  it('is read from text', () => {
    const asked = scale({ quantile: '0.999', lead: '55m', target: '2.5e3', activation: '.5', scalerAddress: 'x:1' });
    expect(asked).toMatchObject({ quantile: 0.999, leadMs: 3_300_000, target: 2_500, activation: 0.5 });
  });

  it.each<readonly [Asked, string]>([
    [{ pool: 'shop' }, 'pool = "shop"; allowed: web'],
    [{ signal: 'RPS' }, 'signal = "RPS"; allowed: rps, cpu'],
    [{ quantile: '95' }, 'quantile = "95"; allowed: a number from 0.1 to 0.999'],
    [{ quantile: '' }, 'quantile = ""; allowed: a number from 0.1 to 0.999'],
    [{ quantile: 'NaN' }, 'quantile = "NaN"; allowed: a number from 0.1 to 0.999'],
    [{ lead: '2' }, 'lead = "2"; allowed: a duration from 1s to 55m, such as 2m'],
    [{ lead: '56m' }, 'lead = "56m"; allowed: a duration from 1s to 55m, such as 2m'],
    [{ lead: '-2m' }, 'lead = "-2m"; allowed: a duration from 1s to 55m, such as 2m'],
    [{ target: '0' }, 'target = "0"; allowed: a number from 1e-9 to 1000000000000000'],
    [{ target: '0x10' }, 'target = "0x10"; allowed: a number from 1e-9 to 1000000000000000'],
    [{ target: '1e999' }, 'target = "1e999"; allowed: a number from 1e-9 to 1000000000000000'],
    [{ activation: '-1' }, 'activation = "-1"; allowed: a number from 0 to 1000000000000000'],
    [{ qantile: '0.9' }, '"qantile": unknown; allowed: pool, signal, quantile, lead, target, activation'],
    [{ pool: 'a\u0085b' }, 'pool = "a b"; allowed: web'],
    [{ pool: 'p\n'.repeat(100) }, `pool = ${JSON.stringify('p\n'.repeat(40))}; allowed: web`],
  ])('%j is refused', (more, why) => {
    expect(() => scale(more)).toThrow(new AskError(why));
  });

  it.each([
    ['pool', 'pool is absent; allowed: web'],
    ['signal', 'signal is absent; allowed: rps, cpu'],
    ['target', 'target is absent; allowed: a number from 1e-9 to 1000000000000000'],
  ])('%s has to be there', (field, why) => {
    const { [field]: _, ...rest } = { ...NAMES, target: '1' } as Record<string, string>;
    expect(() => parseScaleAsk(rest, pools, [])).toThrow(new AskError(why));
  });

  it('without replicas in mind knows no target', () => {
    expect(parseLoadAsk(NAMES, pools)).toMatchObject({ quantile: 0.95, leadMs: 120_000 });
    expect(() => parseLoadAsk({ ...NAMES, target: '1' }, pools)).toThrow(
      new AskError('"target": unknown; allowed: pool, signal, quantile, lead'),
    );
  });
});
