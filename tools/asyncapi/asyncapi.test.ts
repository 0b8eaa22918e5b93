import { readFile } from 'node:fs/promises';
import { Parser } from '@asyncapi/parser';
import {
  decodeEvent,
  decodeJson,
  decodeKpi,
  forecastSchema,
  modelNoticeSchema,
  nodeEventSchema,
  overrideSchema,
  parseWire,
  planSchema,
  predictorSchema,
  sampleSchema,
  streams,
  subjects,
  trainingSchema,
} from '@forescale/shared/wire';
import { loadYaml } from '@kubernetes/client-node';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { CHANNELS } from './channels.ts';
import { asyncApiDocument } from './document.ts';
import { EXAMPLES } from './examples.ts';

interface Document {
  readonly channels: Record<string, { readonly address: string | null; readonly 'x-stream'?: string }>;
  readonly components: { readonly messages: Record<string, { payload: object; examples: { payload: Payload }[] }> };
}

const ajv = addFormats.default(new Ajv({ strict: false }));
const text = await readFile('docs/asyncapi.yaml', 'utf8');
const document = loadYaml(text) as Document;
const addresses = Object.values(document.channels).flatMap(({ address }) => (address === null ? [] : [address]));

async function complaints(source: string | object): Promise<string[]> {
  const { diagnostics } = await new Parser().parse(typeof source === 'string' ? source : JSON.stringify(source));
  return diagnostics.map(({ code, message, path }) => `${code} at ${path.join('.')}: ${message}`);
}

type Payload = Record<string, Record<string, unknown>>;

/** Why the example of that message, changed so, does not fit the schema that stands beside it; null where it does. */
function misfit(name: string, change: (payload: Payload) => void = () => undefined): string | null {
  const message = document.components.messages[name];
  const example = structuredClone(message?.examples[0]?.payload);
  if (!message || !example) throw new Error(`no example of ${name}`);
  change(example);
  const fits = ajv.compile(message.payload);
  return fits(example) ? null : ajv.errorsText(fits.errors);
}

describe('docs/asyncapi.yaml', () => {
  it('is what the schemas say: npm run asyncapi', () => {
    expect(document).toEqual(JSON.parse(JSON.stringify(asyncApiDocument())));
  });

  it('is found to be AsyncAPI, without a complaint', async () => {
    expect(await complaints(text)).toEqual([]);
  });

  it('would be complained about if it were none', async () => {
    const lost = structuredClone(document);
    delete lost.channels.getForecastReply;
    const [first] = await complaints(lost);
    expect(first).toContain('getForecastReply');
  });

  it.each([
    'forescale.v1.kpi.{pool}.{signal}',
    'forescale.v1.sample.{pool}.{signal}',
    'forescale.v1.forecast.{pool}.{signal}',
    'forescale.v1.plan.{pool}',
    'forescale.v1.node.{pool}.{event}',
    'forescale.v1.override.{pool}',
  ])('tells of %s, whose name is not ours to change', (address) => {
    expect(addresses).toContain(address);
  });

  it('tells of every subject that the services know', () => {
    const patterns = addresses.map(
      (address) => new RegExp(`^${address.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^.]+')}$`),
    );
    const series = { kind: 'series', pool: 'web', signal: 'rps' } as const;
    const cluster = { kind: 'cluster', stepMs: 300_000, horizon: 12 } as const;
    const { training, model, allModels, allPredictors, allSources, ...others } = subjects;
    const used = [
      ...[series, cluster].flatMap((key) => [training(key), model(key)]),
      ...Object.values(others).map((subject) => subject('a', 'b')),
    ];
    for (const subject of used)
      expect(
        patterns.filter((one) => one.test(subject)),
        subject,
      ).toHaveLength(1);
    for (const pattern of [allModels, allPredictors, allSources]) {
      const prefix = pattern.replace(/[*>]$/, '');
      expect(
        addresses.filter((address) => address.startsWith(prefix)),
        pattern,
      ).not.toEqual([]);
    }
  });

  it('says which stream keeps what', () => {
    const kept = Object.values(document.channels);
    for (const { name, subjects: patterns } of Object.values(streams)) {
      const prefixes = patterns.map((pattern) => pattern.replace(/>$/, ''));
      for (const { address, 'x-stream': stream } of kept) {
        const isKept = prefixes.some((prefix) => address?.startsWith(prefix));
        expect(stream === name, `${address} in ${name}`).toBe(isKept);
      }
    }
  });
});

describe('its examples', () => {
  it.each(Object.keys(document.components.messages))('%s fits the schema that stands beside it', (name) => {
    expect(misfit(name)).toBeNull();
  });

  it.each<readonly [string, (payload: Payload) => void, string]>([
    ['forecast', ({ data }) => delete data?.max_quantiles, "must have required property 'max_quantiles'"],
    ['forecast', ({ data }) => Object.assign(data ?? {}, { issued: 'now' }), 'data/issued must match format'],
    ['plan', ({ data }) => Object.assign(data ?? {}, { mode: 'pretend' }), 'data/mode must be equal'],
    ['node', (payload) => Object.assign(payload, { specversion: '0.3' }), 'data/specversion'],
    ['sample', ({ data }) => Object.assign(data ?? {}, { value: 'many' }), 'data/value must be number'],
    ['training-series', ({ data }) => Object.assign(data ?? {}, { pool: 'a.b' }), 'data/pool must match pattern'],
  ])('%s would not, changed so: %#', (name, change, why) => {
    expect(misfit(name, change)).toContain(why);
  });

  it('are read by those who read the messages', () => {
    expect(decodeEvent(EXAMPLES.forecast, forecastSchema)).toMatchObject({
      pool: 'web',
      signal: 'rps',
      stepMs: 300_000,
    });
    expect(decodeEvent(EXAMPLES.sample, sampleSchema)).toMatchObject({ source: '/shop/api-3', value: 312.5 });
    expect(decodeEvent(EXAMPLES.plan, planSchema)).toMatchObject({ need: 4, desired: 4 });
    expect(decodeEvent(EXAMPLES.node, nodeEventSchema)).toMatchObject({ event: 'ready', seconds: 118 });
    expect(decodeEvent(EXAMPLES.override, overrideSchema)).toMatchObject({ pause: true });
    expect(parseWire(decodeJson(EXAMPLES.overrideBare), overrideSchema)).toMatchObject({ pause: true });
    expect(decodeEvent(EXAMPLES.trainingSeries, trainingSchema).key.kind).toBe('series');
    expect(decodeEvent(EXAMPLES.trainingCluster, trainingSchema).key.kind).toBe('cluster');
    expect(decodeEvent(EXAMPLES.modelSeries, modelNoticeSchema)).toMatchObject({ version: 1 });
    expect(decodeEvent(EXAMPLES.modelCluster, modelNoticeSchema)).toMatchObject({ version: 4 });
    expect(decodeEvent(EXAMPLES.predictor, predictorSchema)).toMatchObject({ state: 'ready' });
    for (const kpi of [EXAMPLES.kpi, EXAMPLES.kpiBare])
      expect(decodeKpi(subjects.kpi('web', 'rps'), kpi, 0)).toMatchObject({ pool: 'web', signal: 'rps', value: 312.5 });
  });

  it('fit their own schemas, all of them, and each one is shown', () => {
    const messages = CHANNELS.flatMap(({ messages, replies }) => [...messages, ...replies]);
    for (const { schema, example } of messages) parseWire(decodeJson(example), schema);
    expect(new Set(messages.map(({ example }) => example))).toEqual(new Set(Object.values(EXAMPLES)));
  });
});
