import { afterAll, beforeAll, expect, test } from 'vitest';
import { Deployment, MINUTE_MS, SERVICES } from '../harness/deployment.ts';
import { until } from '../harness/until.ts';

let deployment: Deployment;

beforeAll(async () => {
  deployment = await Deployment.start();
  for (let minute = 0; minute < 3; minute++) await deployment.minute(150);
});

afterAll(() => deployment?.stop());

function allRunning(): boolean {
  return SERVICES.every((name) => deployment.service(name).isRunning);
}

async function allReady(): Promise<boolean> {
  await deployment.tick();
  for (const name of SERVICES) if ((await deployment.readiness(name)).status !== 200) return false;
  return true;
}

test('InfluxDB away: services stay up, say why they are not ready, and recover by themselves with every sample', async () => {
  await deployment.influx.kill('SIGKILL');
  deployment.nowMs += MINUTE_MS;
  deployment.cluster.step(deployment.nowMs);
  await deployment.publish(170);
  await deployment.tick();
  const { status, reasons } = await deployment.readiness('collector');
  expect(status).toBe(503);
  expect(Object.keys(reasons)).toContain('store');
  expect((await deployment.readiness('predictor')).status).toBe(503);
  expect(allRunning()).toBe(true);
  await deployment.influx.restart();
  await until('all ready again', allReady);
  await until('the sample of the outage', () => deployment.stored(deployment.nowMs));
  expect(allRunning()).toBe(true);
});

test('NATS away: services stay up, say why they are not ready, and recover by themselves', async () => {
  await deployment.nats.kill('SIGKILL');
  // No tick reaches them now; readiness comes from what each sees by itself.
  await until('readiness names the bus', async () => {
    const { status, reasons } = await deployment.readiness('collector');
    return status === 503 && 'bus' in reasons;
  });
  expect(allRunning()).toBe(true);
  await deployment.nats.restart();
  await until('all ready again', allReady);
  await deployment.minute(180);
  const rows = await deployment.rows('kpi', { pool: 'web', signal: 'load' }, ['value']);
  expect(rows.map((row) => row.timeMs)).toEqual(deployment.acknowledged);
});
