import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { FORECAST_LEVELS, type Forecast, MAX_LEAD_MINUTES, type Sample } from '../domain/index.ts';
import {
  decodeEvent,
  decodeJson,
  decodeKpi,
  encodeEvent,
  encodeForecast,
  encodeForecastData,
  encodeKpi,
  encodeModelNotice,
  encodePredictor,
  encodeSample,
  encodeTraining,
  forecastSchema,
  type ModelNotice,
  modelNoticeSchema,
  nodeEventSchema,
  overrideSchema,
  type PredictorData,
  parseWire,
  planSchema,
  poolAndTail,
  predictorSchema,
  rfc3339,
  sampleSchema,
  streams,
  subjects,
  type TrainingRequest,
  trainingSchema,
} from './index.ts';
import { bytesOf, refusal } from './refusal.test-data.ts';

const AT_MS = Date.parse('2026-11-24T10:00:00Z');

const name = fc.stringMatching(/^[a-z0-9-]{1,63}$/);
const moment = fc.integer({ min: 0, max: Date.parse('2200-01-01') });
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0 || 0);
const sample: fc.Arbitrary<Sample> = fc.record({
  pool: name,
  signal: name,
  source: fc.stringMatching(/^[\w./#-]{1,63}$/),
  timeMs: moment,
  value: finite,
});

const forecast: fc.Arbitrary<Forecast> = fc
  .record({
    pool: name,
    signal: name,
    issuedMs: moment,
    validUntilMs: moment,
    stepMs: fc.integer({ min: 1, max: 86_400_000 }),
    timesMs: fc.array(moment, { minLength: 1, maxLength: 20 }),
    model: name,
    backend: name,
    weights: fc.dictionary(name, finite),
    accuracy: fc.option(
      fc.record({
        wql: finite,
        mase: finite,
        coverage90: finite,
        coverage99: finite,
        relativeError: fc.option(finite),
        hours: fc.option(fc.integer({ min: 0, max: 24 })),
      }),
    ),
    noise: fc.array(finite, { minLength: 8, maxLength: 8 }),
  })
  .map(({ noise, ...rest }) => ({
    ...rest,
    // JSON has no dictionaries without a prototype.
    weights: { ...rest.weights },
    levels: FORECAST_LEVELS,
    quantiles: FORECAST_LEVELS.map((_, level) =>
      rest.timesMs.map((_time, step) => noise[(level + step) % 8] as number),
    ),
    maxQuantiles: FORECAST_LEVELS.map((_, level) =>
      MAX_LEAD_MINUTES.map((_lead, lead) => noise[(level * lead) % 8] as number),
    ),
  }));

describe('wire: what is encoded is decoded again', () => {
  it('samples', () => {
    fc.assert(
      fc.property(sample, (one) => {
        expect(decodeEvent(encodeSample(one), sampleSchema)).toEqual(one);
      }),
    );
  });

  it('KPIs: value, time, and the source as far as a tag can hold it', () => {
    fc.assert(
      fc.property(sample, (one) => {
        const origin = { id: 'x', source: one.source, timeMs: one.timeMs };
        const decoded = decodeKpi(subjects.kpi(one.pool, one.signal), encodeKpi(origin, one.value, 'rps'), AT_MS);
        expect(decoded).toEqual({ ...one, unit: 'rps' });
      }),
    );
  });

  it('forecasts, to the last bit', () => {
    fc.assert(
      fc.property(forecast, (one) => {
        expect(decodeEvent(encodeForecast(one), forecastSchema)).toEqual(one);
      }),
      { numRuns: 500 },
    );
  });

  it('trainings and models, of a series and of a cluster', () => {
    const key = fc.oneof(
      fc.record({ kind: fc.constant('series' as const), pool: name, signal: name }),
      fc.record({
        kind: fc.constant('cluster' as const),
        stepMs: fc.integer({ min: 1, max: 86_400 }).map((seconds) => 1_000 * seconds),
        horizon: fc.integer({ min: 1, max: 10_000 }),
      }),
    );
    const training: fc.Arbitrary<TrainingRequest> = fc.record({
      key,
      reason: fc.constantFrom('first', 'schedule', 'drift', 'data'),
      requestedMs: moment,
      knownVersion: fc.option(fc.nat()),
    });
    const notice: fc.Arbitrary<ModelNotice> = fc.record({ key, version: fc.integer({ min: 1 }), savedMs: moment });
    fc.assert(
      fc.property(training, notice, (one, other) => {
        expect(decodeEvent(encodeTraining(one), trainingSchema)).toEqual(one);
        expect(decodeEvent(encodeModelNotice(other), modelNoticeSchema)).toEqual(other);
      }),
    );
  });

  it('predictors that say that they are there', () => {
    const here: PredictorData = { id: 'predictor-1', state: 'joining', asks: true };
    expect(decodeEvent(encodePredictor(here, AT_MS), predictorSchema)).toEqual(here);
  });

  it('as CloudEvents 1.0 that any client understands', () => {
    const origin = { id: 'web.7', source: '/forescale/actuator', timeMs: AT_MS };
    expect(decodeJson(encodeEvent('plan', origin, { pool: 'web' }))).toEqual({
      specversion: '1.0',
      id: 'web.7',
      source: '/forescale/actuator',
      type: 'dev.forescale.plan.v1',
      time: '2026-11-24T10:00:00.000Z',
      datacontenttype: 'application/json',
      data: { pool: 'web' },
    });
  });

  it('a KPI subject is taken apart into the names that it was made of', () => {
    fc.assert(
      fc.property(name, name, (pool, signal) => {
        expect(poolAndTail(subjects.kpi(pool, signal))).toEqual({ pool, tail: signal });
        expect(poolAndTail(subjects.forecast(pool, signal))).toEqual({ pool, tail: signal });
      }),
    );
    for (const subject of [
      'forescale.v1.kpi.web',
      'forescale.v1.kpi.web.a.b',
      'forescale.v2.kpi.web.a',
      'forescale.v1.kpi.W.a',
      'x',
      '',
    ]) {
      expect(poolAndTail(subject)).toBeNull();
    }
  });

  it('streams do not share subjects', () => {
    const all = Object.values(streams).flatMap((stream) => stream.subjects);
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('wire: forecasts', () => {
  const [valid] = fc.sample(forecast, { numRuns: 1, seed: 1 }) as [Forecast];
  const data = () => structuredClone(encodeForecastData(valid));
  const decode = (raw: unknown) => () => parseWire(raw, forecastSchema);

  it.each<[what: string, change: (raw: ReturnType<typeof data>) => unknown, message: RegExp]>([
    [
      'a level that is missing',
      (raw) => delete raw.quantiles['0.95'],
      /^quantiles\.0\.95 = absent: allowed: one value per time$/,
    ],
    [
      'a level that is too short',
      (raw) => raw.quantiles['0.5']?.pop(),
      /^quantiles\.0\.5 = \[.*: allowed: one value per time$/,
    ],
    [
      'a lead that is missing',
      (raw) => delete raw.max_quantiles['15'],
      /^max_quantiles\.15\.0\.1 = absent: allowed: a value for each lead and level$/,
    ],
    [
      'a level of a lead that is missing',
      (raw) => delete raw.max_quantiles['60']?.['0.99'],
      /^max_quantiles\.60\.0\.99 = absent: /,
    ],
    ['no times', (raw) => raw.times.splice(0), /^times = \[\]: /],
    ['a value that is none', (raw) => raw.quantiles['0.1']?.splice(0, 1, Number.NaN), /^quantiles\.0\.1\.0 = null: /],
    ['a step of nothing', (raw) => Object.assign(raw, { step_seconds: 0 }), /^step_seconds = 0: /],
    ['a key with a line break', (raw) => Object.assign(raw.weights, { 'a\nb': 'x' }), /^weights\.a b = "x": /],
  ])('refused: %s', (_what, change, message) => {
    const raw = data();
    change(raw);
    expect(refusal(decode(raw))).toMatch(message);
  });

  it('refused: more steps than a week of 5 minutes', () => {
    expect(refusal(decode({ ...data(), times: Array.from({ length: 2_017 }, () => rfc3339(AT_MS)) }))).toMatch(
      /^times = /,
    );
  });

  it('an accuracy without what came later is read all the same', () => {
    const raw = { ...data(), accuracy: { wql: 0.1, mase: 0.8, coverage90: 0.9, coverage99: 0.99 } };
    const accuracy = { ...raw.accuracy, relativeError: null, hours: null };
    expect(decode(raw)()).toEqual({ ...valid, accuracy });
  });

  it('a level that nobody asked for is left out', () => {
    const raw = data();
    raw.quantiles['0.42'] = raw.times.map(() => 1);
    expect(decode(raw)()).toEqual(valid);
  });
});

describe('wire: the other messages', () => {
  const plan: z.input<typeof planSchema> = {
    pool: 'web',
    time: rfc3339(AT_MS),
    mode: 'observe',
    generation: 3,
    need: 4,
    floor: 2,
    floor_from: 'policy off_hours',
    ceiling: 4,
    ceiling_from: 'policy off_hours',
    desired: 4,
    ready: 3,
    starting: 1,
    draining: 0,
    usd_per_hour: 0.5,
    needs: [{ source: 'rps', nodes: 4, why: 'forecast' }],
    reasons: [{ code: 'order', text: 'one more' }],
    actions: [{ kind: 'create', target: 'm7g.xlarge', count: 1, why: 'forecast' }],
  };
  const node: z.input<typeof nodeEventSchema> = {
    pool: 'web',
    event: 'ready',
    time: rfc3339(AT_MS),
    node: 'web-1',
    machine: null,
    provider: 'simulated',
    zone: 'a',
    instance_type: 'm7g.xlarge',
    capacity_type: 'spot',
    seconds: 61.5,
    why: 'Ready',
  };
  const override: z.input<typeof overrideSchema> = { min: 3, until: rfc3339(AT_MS), by: 'me', why: 'sale' };

  /** What ends needs no end. */
  const RESUME = { pause: false, by: 'me', why: 'over' };

  it.each([
    ['plan', plan, planSchema, { ...plan, time: AT_MS }],
    ['node', node, nodeEventSchema, { ...node, time: AT_MS }],
    ['override', override, overrideSchema, { ...override, until: AT_MS }],
    ['override', { ...override, min: null }, overrideSchema, { ...override, min: null, until: AT_MS }],
    ['override', RESUME, overrideSchema, RESUME],
  ] as const)('%s: what is published is what is read', (type, raw, schema: z.ZodType, expected) => {
    const origin = { id: '1', source: '/forescale/actuator', timeMs: AT_MS };
    expect(decodeEvent(encodeEvent(type, origin, raw), schema)).toEqual(expected);
  });

  it.each<[what: string, schema: z.ZodType, raw: unknown, message: RegExp]>([
    ['a negative number of nodes', planSchema, { ...plan, desired: -1 }, /^desired = -1: /],
    ['half a node', planSchema, { ...plan, ready: 1.5 }, /^ready = 1\.5: /],
    ['a mode that does not exist', planSchema, { ...plan, mode: 'destroy' }, /^mode = "destroy": /],
    ['an event that does not exist', nodeEventSchema, { ...node, event: 'exploded' }, /^event = "exploded": /],
    ['an override with an unknown key', overrideSchema, { ...override, minimum: 3 }, /minimum/],
    ['an override with a line break for a key', overrideSchema, { ...override, 'a\nb': 3 }, /a b/],
    ['an override of nobody', overrideSchema, { ...override, by: '' }, /^by = "": /],
    ['an override without an end', overrideSchema, { ...override, until: undefined }, /^until = absent: /],
    ['a pause without an end', overrideSchema, { pause: true, by: 'me', why: 'x' }, /^until = absent: /],
    [
      'an override of nothing',
      overrideSchema,
      { ...override, min: undefined },
      /^pause = absent: .* one of pause, min/,
    ],
    ['a min above the max', overrideSchema, { ...override, max: 2 }, /^min = 3: allowed: at most max, which is 2/],
    ['an override above every cluster', overrideSchema, { ...override, max: 1e9 }, /^max = 1000000000: /],
  ])('refused: %s', (_what, schema, raw, message) => {
    expect(refusal(() => parseWire(raw, schema))).toMatch(message);
  });

  const training = { kind: 'series', pool: 'web', signal: 'cpu', reason: 'first', requested: rfc3339(AT_MS) };
  it.each<[what: string, schema: z.ZodType, raw: unknown, message: RegExp]>([
    ['a training of no kind', trainingSchema, { ...training, kind: 'pool' }, /^kind = "pool": /],
    ['a training that leaves its folder', trainingSchema, { ...training, pool: '../x' }, /^pool = "\.\.\/x": /],
    ['a training for a reason unheard of', trainingSchema, { ...training, reason: 'mood' }, /^reason = "mood": /],
    [
      'a cluster without a step',
      trainingSchema,
      { ...training, kind: 'cluster', step_seconds: 0, horizon: 14 },
      /^step_seconds = 0: /,
    ],
    ['a training of a version below none', trainingSchema, { ...training, known_version: -1 }, /^known_version = -1: /],
    ['a model of version 0', modelNoticeSchema, { ...training, version: 0, saved: rfc3339(AT_MS) }, /^version = 0: /],
    ['a predictor that is asleep', predictorSchema, { id: 'a', state: 'asleep', asks: false }, /^state = "asleep": /],
  ])('refused: %s', (_what, schema, raw, message) => {
    expect(refusal(() => parseWire(raw, schema))).toMatch(message);
  });

  it('refused: an event without what makes it one', () => {
    expect(refusal(() => decodeEvent(bytesOf({ data: override }), overrideSchema))).toMatch(/^specversion = absent: /);
  });
});
