import { randomBytes } from 'node:crypto';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, headers, type JetStreamClient } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeConfig } from '../harness/config-file.ts';
import { createLoadedCluster, runInRealTime } from '../harness/loaded-cluster.ts';
import { OtlpReceiver, type ReceivedSpan } from '../harness/otlp-receiver.ts';
import { ForescaleProcess } from '../harness/process.ts';
import { startRealServers } from '../harness/real-servers.ts';
import { eventually } from '../harness/waiting.ts';

const TOKEN = 'of-the-receiver-of-traces';
const WITHIN_MS = 90_000;
/** Three nodes' worth and a bit: two are there at the start. */
const LOAD = 330;

const closing: (() => Promise<unknown>)[] = [];
const services: (ForescaleProcess & { readonly url: string })[] = [];
/** The spans of the application in which it has published its KPI. */
const published = new Set<string>();
/** What listens to the events of nodes sees in their headers. */
const readyHeaders: string[] = [];
let receiver: OtlpReceiver;

beforeAll(async () => {
  const { nats, influx, directory } = await startRealServers(closing);
  receiver = await OtlpReceiver.start(TOKEN);
  closing.push(() => receiver.stop());
  const nowMs = Date.now();
  const cluster = createLoadedCluster({
    ...{ startMs: nowMs, endMs: nowMs + 3_600_000, bootMs: 2_000, initialNodes: 2, load: () => 0 },
  });
  const { url, stop } = await runInRealTime(cluster);
  closing.push(stop);
  const connection = await connect({ servers: new URL(nats.url).host });
  closing.push(() => connection.close());
  connection.subscribe('forescale.v1.node.web.ready', {
    callback: (_error, message) => readyHeaders.push(message.headers?.get('traceparent') ?? ''),
  });
  const config = await writeConfig({
    ...{ directory: directory.path, clusterUrl: url, clock: 'system', tick: '1s', interval: '1s' },
    servers: { nats: nats.url, influx: influx.url },
    pool: ['lead_time: 3s', 'scale_down: { unneeded: 60s }'],
  });
  const tokenFile = join(directory.path, 'token');
  await writeFile(tokenFile, TOKEN);
  await appendFile(config, `  telemetry: { traces: { url: "${receiver.url}", token_file: "${tokenFile}" } }\n`);
  closing.push(() => Promise.all(services.map((service) => service.interrupt())));
  for (const name of ['collector', 'predictor', 'actuator'])
    services.push(await ForescaleProcess.service([name, '--config', config]));
  const jetStream = connection.jetstream();
  const sending = setInterval(() => void send(jetStream).catch(() => {}), 500);
  closing.push(async () => clearInterval(sending));
}, 120_000);

afterAll(async () => {
  for (const close of closing.toReversed()) await close();
});

/** As an application does that has spans of its own. */
async function send(jetStream: JetStreamClient): Promise<void> {
  const spanId = randomBytes(8).toString('hex');
  published.add(spanId);
  const carried = headers();
  carried.set('traceparent', `00-${randomBytes(16).toString('hex')}-${spanId}-01`);
  const data = JSON.stringify({ value: LOAD, unit: 'req/s', time: new Date().toISOString() });
  await jetStream.publish('forescale.v1.kpi.web.load', data, { headers: carried });
}

/** The way to the start of a node from the span in which an application has published its KPI. */
function wayToReadyNode(): readonly ReceivedSpan[] | null {
  for (const started of receiver.spans.filter(({ name }) => name === 'node start')) {
    const way = receiver.pathTo(started);
    if (published.has(way[0]?.parentId ?? '')) return way;
  }
  return null;
}

describe('traces over OTLP', () => {
  it('one trace leads from the KPI of an application through three services to the Ready node', async () => {
    const way = await eventually('the trace of a node is complete', WITHIN_MS, wayToReadyNode);
    expect(way[0]).toMatchObject({ name: 'collect', service: 'forescale-collector' });
    expect(way.at(-2)).toMatchObject({ name: 'plan', service: 'forescale-actuator' });
    expect(way.at(-1)).toMatchObject({ service: 'forescale-actuator', events: ['launched', 'registered'] });
    expect(way.at(-1)?.attributes).toMatchObject({ 'forescale.pool': 'web', 'host.type': 'small' });
    expect(way.at(-1)?.seconds).toBeGreaterThan(1);
    const [plan] = way.slice(-2);
    const ofPlan = receiver.spans.filter(({ parentId }) => parentId === plan?.spanId);
    expect(ofPlan.map(({ name }) => name)).toContain('create machine');
    expect(new Set(way.map(({ traceId }) => traceId)).size).toBe(1);
  }, 120_000);

  it('a forecast follows from its newest sample, and a plan from the forecast that decides, or is linked to it', async () => {
    const isLinked = (plan: ReceivedSpan) =>
      receiver.spans.some(
        ({ name, spanId }) => name === 'forecast' && [plan.parentId, ...plan.linkedIds].includes(spanId),
      );
    await eventually('a plan that knows of a forecast', WITHIN_MS, () =>
      receiver.spans.some((span) => span.name === 'plan' && isLinked(span)),
    );
    const forecasts = receiver.spans.filter(({ name }) => name === 'forecast');
    const way = forecasts.map((one) => receiver.pathTo(one)).find((one) => one.length > 1);
    expect(way?.map(({ name, service }) => `${service} ${name}`)).toEqual([
      'forescale-collector collect',
      'forescale-predictor forecast',
    ]);
  }, 120_000);

  it('what is said of a Ready node carries its span', async () => {
    const isKnown = (header: string) =>
      receiver.spans.some(
        ({ name, traceId, spanId }) => name === 'node start' && header === `00-${traceId}-${spanId}-01`,
      );
    await eventually('a header that leads to its node', WITHIN_MS, () => readyHeaders.some(isKnown));
  }, 120_000);

  it('the line of the audit that tells of the machine names the trace', () => {
    const lines = (services[2]?.stderr ?? '').split('\n').filter((line) => line.includes('"audit":true'));
    const made = lines
      .map((line) => JSON.parse(line) as { action: string; outcome: string; trace_id?: string })
      .find(({ action }) => action === 'create machine');
    expect(made).toMatchObject({ outcome: 'done' });
    expect(receiver.spans.some(({ name, traceId }) => name === 'plan' && traceId === made?.trace_id)).toBe(true);
  });

  it('the receiver is shown its token, which no log tells', () => {
    expect(receiver.refused).toBe(0);
    for (const { stderr } of services) expect(stderr).not.toContain(TOKEN);
  });
});
