import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, createNatsBus } from '@forescale/shared/bus';
import { parseConfig } from '@forescale/shared/config';
import { Readiness } from '@forescale/shared/service';
import { createInfluxStore, type Store } from '@forescale/shared/store';
import { silentLog } from '@forescale/shared/telemetry';
import { systemClock } from '@forescale/shared/time';
import { encodeKpi, streams, subjects } from '@forescale/shared/wire';
import { connect } from 'nats';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startInflux, startNats, type TestServer } from '../../../../test/servers/index.ts';
import { openFileSpool, type Spool } from '../spool/index.ts';
import { startCollector } from './collector.ts';
import { countingInstruments } from './fakes/counting-instruments.ts';

const MESSAGES = 20_000;
/** Room for some of them: 40 pages of 4 KiB. */
const PAGES = 40;

let nats: TestServer;
let influx: TestServer;
let bus: Bus;
let store: Store;
let spool: Spool;
const directory = mkdtempSync(join(tmpdir(), 'forescale-full-'));
beforeAll(async () => {
  [nats, influx] = await Promise.all([startNats(), startInflux()]);
  bus = await createNatsBus({ servers: [nats.url], name: 'test' });
  store = await createInfluxStore({ url: influx.url, database: 'forescale' });
  spool = await openFileSpool({
    path: join(directory, 'spool.db'),
    bytesMax: 2 ** 28,
    pagesMax: PAGES,
    onSetAside: (message) => expect.fail(message),
  });
});
afterAll(async () => {
  await bus.close();
  await store.close();
  await Promise.all([nats.stop(), influx.stop()]);
  rmSync(directory, { recursive: true, force: true });
});

it('InfluxDB away and the disk full: what is not safe stays in JetStream, and all is stored in the end', async () => {
  const counting = countingInstruments();
  const readiness = new Readiness();
  await influx.kill('SIGKILL');
  const collector = await startCollector({
    config: parseConfig('autoscaler: { pools: [{ name: web }] }', 'test', {}),
    store,
    spool,
    bus,
    sources: [],
    ioClock: systemClock,
    clock: systemClock,
    readiness,
    instruments: counting.instruments,
    log: silentLog(),
  });
  const connection = await connect({ servers: new URL(nats.url).host });
  const manager = await connection.jetstreamManager();
  const unacknowledged = async () => {
    const { num_pending, num_ack_pending } = await manager.consumers.info(streams.kpi.name, 'collector');
    return num_pending + num_ack_pending;
  };
  const startMs = Date.now() - MESSAGES;
  for (let i = 0; i < MESSAGES; i++) {
    const origin = { id: String(i), source: '/test', timeMs: startMs + i };
    await bus.publish(subjects.kpi('web', 'load'), encodeKpi(origin, i, ''));
  }
  await expect
    .poll(
      async () => {
        await collector.tick(Date.now());
        return (await readiness.report()).reasons;
      },
      { timeout: 30_000 },
    )
    .toEqual({
      store: expect.stringMatching(/InfluxDB .* cannot be asked/),
      spool: expect.stringMatching(/spool.db: database or disk is full/),
    });
  const taken = spool.samples;
  expect(taken).toBeGreaterThan(0);
  expect(taken).toBeLessThan(MESSAGES);
  // Safe or unacknowledged, and nothing in between.
  expect(await unacknowledged()).toBe(MESSAGES - taken);
  await influx.restart();
  await expect
    .poll(
      async () => {
        await collector.tick(Date.now());
        return counting.counts.get('written') ?? 0;
      },
      { timeout: 90_000, interval: 500 },
    )
    .toBeGreaterThanOrEqual(MESSAGES);
  const rows = await store.query({ measurement: 'kpi', fields: ['value'], limit: 1_000_000 });
  expect(rows.map((row) => row.fields.value)).toEqual(Array.from({ length: MESSAGES }, (_, i) => i));
  await expect.poll(unacknowledged, { timeout: 30_000 }).toBe(0);
  expect(spool.samples).toBe(0);
  expect(await readiness.report()).toMatchObject({ ready: true });
  await collector.stop();
  await connection.close();
});
