import { tickSchema } from '@forescale/shared/service';
import {
  eventSchemaOf,
  forecastSchema,
  kpiSchemas,
  modelNoticeSchema,
  nodeEventSchema,
  overrideSchema,
  planSchema,
  predictorSchema,
  sampleSchema,
  sourcesSchema,
  streams,
  subjects,
  trainingSchema,
} from '@forescale/shared/wire';
import { z } from 'zod';
import { overrideAnswerSchema } from '../../services/actuator/src/api/schema.ts';
import { EXAMPLES } from './examples.ts';

export interface Message {
  readonly name: string;
  readonly summary: string;
  readonly contentType: 'application/cloudevents+json' | 'application/json';
  readonly schema: z.ZodType;
  readonly example: Uint8Array;
}

/** What passes on one pattern of subjects, seen from Forescale. */
export interface Channel {
  readonly id: string;
  /** With `{pool}` and the like where names stand. */
  readonly address: string;
  readonly action: 'send' | 'receive';
  readonly summary: string;
  readonly stream: string | null;
  readonly messages: readonly Message[];
  /** What is answered, where it is a request. */
  readonly replies: readonly Message[];
}

export const PARAMETERS: Readonly<Record<string, string>> = {
  pool: 'A pool, [a-z0-9-]{1,63}.',
  signal: 'A signal of the pool, [a-z0-9-]{1,63}.',
  event: 'What became of the node, as the field "event" says.',
  shape: 'Step and cells ahead of a network of all series, such as 300s-12.',
  id: 'A predictor, [a-z0-9-]{1,63}.',
  collector: 'A collector, [a-z0-9-]{1,63}.',
  service: 'collector, predictor or actuator.',
};

const event = (name: string, summary: string, data: z.ZodType, example: Uint8Array): Message => ({
  name,
  summary,
  contentType: 'application/cloudevents+json',
  schema: eventSchemaOf(data),
  example,
});
const json = (name: string, summary: string, schema: z.ZodType, example: Uint8Array): Message => ({
  name,
  summary,
  contentType: 'application/json',
  schema,
  example,
});

const forecast = event(
  'forecast',
  'Quantiles per step, and of the maximum over the next minutes.',
  forecastSchema,
  EXAMPLES.forecast,
);
const refusal = json(
  'refusal',
  'Why there is no other answer.',
  z.strictObject({ error: z.string() }),
  EXAMPLES.refusal,
);
const training = (example: Uint8Array) => event('training', 'A training that is due.', trainingSchema, example);
const model = (example: Uint8Array) => event('model', 'A model that was saved.', modelNoticeSchema, example);

const WHOSE = { series: 'one signal', cluster: 'all series of one step and horizon' } as const;
/** Subjects of models check their names: these stand for what names there are. */
const NAMELESS = {
  series: { kind: 'series', pool: 'pool', signal: 'signal' },
  cluster: { kind: 'cluster', stepMs: 1_000, horizon: 1 },
} as const;

function withNames(subject: string): string {
  return subject.replace('.pool.signal', '.{pool}.{signal}').replace('.1s-1', '.{shape}');
}

type Row = Omit<Channel, 'replies' | 'stream'> & Partial<Pick<Channel, 'replies' | 'stream'>>;

const ROWS: readonly Row[] = [
  {
    id: 'kpi',
    address: subjects.kpi('{pool}', '{signal}'),
    action: 'receive',
    summary: "An application's own KPI; it is acknowledged when it is in the store.",
    stream: streams.kpi.name,
    messages: [
      {
        ...event('kpi', 'A value with its time and its source.', kpiSchemas.bare, EXAMPLES.kpi),
        schema: kpiSchemas.event,
      },
      json(
        'kpiBare',
        'The data alone, for a publisher as simple as a shell script.',
        kpiSchemas.bare,
        EXAMPLES.kpiBare,
      ),
    ],
  },
  {
    id: 'sample',
    address: subjects.sample('{pool}', '{signal}'),
    action: 'send',
    summary: 'Every sample, when it is in the store.',
    messages: [event('sample', 'One value of one source.', sampleSchema, EXAMPLES.sample)],
  },
  {
    id: 'sources',
    address: subjects.sources('{collector}'),
    action: 'send',
    summary: 'How the sources of samples are, at every tick.',
    messages: [event('sources', 'All sources of one collector.', sourcesSchema, EXAMPLES.sources)],
  },
  {
    id: 'forecast',
    address: subjects.forecast('{pool}', '{signal}'),
    action: 'send',
    summary: 'Every new forecast.',
    stream: streams.forecast.name,
    messages: [forecast],
  },
  {
    id: 'getForecast',
    address: subjects.getForecast('{pool}', '{signal}'),
    action: 'receive',
    summary: 'A request for the newest forecast, answered as it was published or with why there is none.',
    messages: [json('anything', 'Nothing of it is read; it may be empty.', z.unknown(), EXAMPLES.anything)],
    replies: [forecast, refusal],
  },
  {
    id: 'plan',
    address: subjects.plan('{pool}'),
    action: 'send',
    summary: 'What was decided, and why; in mode observe what would be done.',
    stream: streams.plan.name,
    messages: [event('plan', 'Need, bounds, reasons and actions.', planSchema, EXAMPLES.plan)],
  },
  {
    id: 'node',
    address: subjects.node('{pool}', '{event}'),
    action: 'send',
    summary: 'What becomes of nodes.',
    stream: streams.node.name,
    messages: [event('node', 'One step in the life of a node.', nodeEventSchema, EXAMPLES.node)],
  },
  {
    id: 'override',
    address: subjects.override('{pool}'),
    action: 'receive',
    summary: 'Pauses a pool or sets its bounds for a while; the leading actuator answers.',
    messages: [
      event(
        'override',
        'At least one of pause, min and max; until where anything begins.',
        overrideSchema,
        EXAMPLES.override,
      ),
      json('overrideBare', 'The data alone.', overrideSchema, EXAMPLES.overrideBare),
    ],
    replies: [json('overrideAnswer', 'What is in force now.', overrideAnswerSchema, EXAMPLES.overrideAnswer), refusal],
  },
  ...(['series', 'cluster'] as const).flatMap((kind): Row[] => [
    {
      id: kind === 'series' ? 'trainingSeries' : 'trainingCluster',
      address: withNames(subjects.training(NAMELESS[kind])),
      action: 'send',
      summary: `Among predictors: a training of ${WHOSE[kind]}, taken by one of them.`,
      stream: streams.training.name,
      messages: [training(kind === 'series' ? EXAMPLES.trainingSeries : EXAMPLES.trainingCluster)],
    },
    {
      id: kind === 'series' ? 'modelSeries' : 'modelCluster',
      address: withNames(subjects.model(NAMELESS[kind])),
      action: 'send',
      summary: `Among predictors: a model of ${WHOSE[kind]} was saved.`,
      messages: [model(kind === 'series' ? EXAMPLES.modelSeries : EXAMPLES.modelCluster)],
    },
  ]),
  {
    id: 'predictor',
    address: subjects.predictor('{id}'),
    action: 'send',
    summary: 'Among predictors: one of them is there, or leaves.',
    messages: [event('predictor', 'Who, and in which state.', predictorSchema, EXAMPLES.predictor)],
  },
  {
    id: 'tick',
    address: subjects.tick('{service}'),
    action: 'receive',
    summary: 'In a simulation: its conductor asks a service for one tick; a repeated sequence is done once.',
    messages: [json('tick', 'What time it is, in epoch milliseconds.', tickSchema, EXAMPLES.tick)],
    replies: [json('tickAnswer', 'The tick is done.', z.object({ ok: z.literal(true) }), EXAMPLES.tickAnswer), refusal],
  },
];

export const CHANNELS: readonly Channel[] = ROWS.map((row) => ({ replies: [], stream: null, ...row }));
