import { afterAll, beforeAll, expect, test } from 'vitest';
import { Deployment, MINUTE_MS, type SERVICES } from '../harness/deployment.ts';
import { until } from '../harness/until.ts';

let deployment: Deployment;

beforeAll(async () => {
  // The cloud takes its time to answer, so that a kill can hit between a call and its answer.
  deployment = await Deployment.start({ cloudCalls: { createLatencyMs: 1_500, time: 'wall' } });
  for (let minute = 0; minute < 3; minute++) await deployment.minute(150);
});

afterAll(() => deployment?.stop());

async function restarted(name: (typeof SERVICES)[number]): Promise<void> {
  await deployment.service(name).kill('SIGKILL');
  await deployment.startService(name);
}

test('kill -9 of the collector: no KPI that JetStream acknowledged is missing in the store, and none is there twice', async () => {
  await deployment.service('collector').kill('SIGKILL');
  for (let count = 0; count < 20; count++) {
    deployment.nowMs += MINUTE_MS;
    deployment.cluster.step(deployment.nowMs);
    await deployment.publish(150 + count);
  }
  await deployment.startService('collector');
  // A second kill, while it works off what has waited.
  await restarted('collector');
  await deployment.tick(['collector']);
  await until('every acknowledged KPI in the store', async () => {
    const rows = await deployment.rows('kpi', { pool: 'web', signal: 'load' }, ['value']);
    return rows.length >= deployment.acknowledged.length;
  });
  const rows = await deployment.rows('kpi', { pool: 'web', signal: 'load' }, ['value']);
  expect(rows.map((row) => row.timeMs)).toEqual(deployment.acknowledged);
});

test('kill -9 of the predictor: it goes on from the history in the store', async () => {
  await restarted('predictor');
  await deployment.minute(160);
  const rows = await deployment.rows('forecast', { pool: 'web', signal: 'load' }, ['issued', 'q50'], deployment.nowMs);
  expect(rows.some((row) => row.fields.issued === deployment.nowMs / 1_000)).toBe(true);
});

test('kill -9 of the actuator between a create call and its answer: no node is created twice, none is lost', async () => {
  const machines = () => deployment.cluster.cloud.list({ clusterTag: deployment.cluster.clusterId });
  const before = machines().length;
  deployment.nowMs += MINUTE_MS;
  deployment.cluster.step(deployment.nowMs);
  await deployment.publish(850);
  await deployment.tick(['collector', 'predictor']);
  // Asked for, but not awaited: the answers of the cloud take longer than this process lives.
  const tick = deployment.tick(['actuator']);
  await until('machines are being made', async () => machines().length > before);
  await restarted('actuator');
  await tick;
  for (let minute = 0; minute < 5; minute++) await deployment.minute(850);
  const alive = machines().filter((machine) => machine.state !== 'terminating');
  // 850 at 100 a node is nine; the forecast may ask for some more, a double order would be far above the maximum of 12.
  expect(alive.length).toBeGreaterThanOrEqual(9);
  expect(alive.length).toBeLessThanOrEqual(12);
  expect(new Set(alive.map((machine) => machine.requestId)).size).toBe(alive.length);
  expect(new Set(alive.map((machine) => machine.nodeName)).size).toBe(alive.length);
  expect(deployment.cluster.summary().nodes.ready).toBe(alive.length);
});
