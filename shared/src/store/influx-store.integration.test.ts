import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startInflux, type TestServer } from '../../../test/servers/index.ts';
import { describeStore } from './conformance.ts';
import { StoreRejectedError, StoreUnavailableError } from './errors.ts';
import { createInfluxStore, type InfluxStoreOptions } from './influx-store.ts';
import type { Store } from './store.ts';

const LOGIN = { username: 'forescale', password: "it's a secret" };
let server: TestServer;
let count = 0;
beforeAll(async () => {
  server = await startInflux({ user: LOGIN.username, password: LOGIN.password });
});
afterAll(() => server.stop());

function open(options: Partial<InfluxStoreOptions> = {}): Promise<Store> {
  return createInfluxStore({ url: server.url, database: 'forescale', requestTimeoutMs: 5_000, ...LOGIN, ...options });
}

async function ask(statement: string): Promise<string> {
  const authorization = `Basic ${Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64')}`;
  const body = new URLSearchParams({ q: statement });
  const response = await fetch(`${server.url}/query`, { method: 'POST', headers: { authorization }, body });
  return response.text();
}

const row = (timeMs: number, value: number | string = timeMs) => ({
  measurement: 'kpi',
  tags: { pool: 'web' },
  fields: { value },
  timeMs,
});
const all = { measurement: 'kpi', fields: ['value'], limit: 100_000 };

describeStore('InfluxDB', () => open());

describe('InfluxDB store', () => {
  it('makes its database on first use, with the retention that is asked for, and changes it later', async () => {
    const database = `kept "${++count}" days`;
    const policies = () => ask(`SHOW RETENTION POLICIES ON "kept \\"${count}\\" days"`);
    const first = await open({ database, retentionDays: 30 });
    expect(await first.health()).toEqual({ ok: true });
    await first.write([row(Date.now())]);
    expect(await policies()).toContain('["forescale","720h0m0s"');
    const second = await open({ database, retentionDays: 60 });
    expect(await second.query(all)).toHaveLength(1);
    expect(await policies()).toContain('["forescale","1440h0m0s"');
    await expect(first.write([row(Date.now() - 90 * 86_400_000)])).rejects.toThrow(StoreRejectedError);
  });

  it('has the server make rollups, and makes them anew when they are to be others', async () => {
    const database = `rolled_${++count}`;
    await (await open({ database, retentionDays: 30, rollupDays: 100 })).write(
      [row(1)].map((one) => ({ ...one, timeMs: Date.now() })),
    );
    // As an earlier release may have made it.
    await ask(`DROP CONTINUOUS QUERY forescale_kpi_5m ON ${database}`);
    await ask(
      `CREATE CONTINUOUS QUERY forescale_kpi_5m ON ${database} BEGIN SELECT max(value) INTO other FROM kpi GROUP BY time(5m) END`,
    );
    const onNotice = vi.fn<(message: string) => void>();
    const store = await open({ database, retentionDays: 30, rollupDays: 200, onNotice });
    const startMs = Math.floor(Date.now() / 3_600_000 - 2) * 3_600_000;
    await store.write([1, 2, 3, 10].map((value, i) => ({ ...row(1, value), timeMs: startMs + i * 100_000 })));
    expect(onNotice).not.toHaveBeenCalled();
    const policies = await ask(`SHOW RETENTION POLICIES ON ${database}`);
    expect(policies).toContain('["forescale_5m","4800h0m0s"');
    expect(policies).toContain('["forescale_1h","4800h0m0s"');
    const queries = JSON.parse(await ask('SHOW CONTINUOUS QUERIES'));
    const made: [string, string][] = queries.results[0].series.find(
      ({ name }: { name: string }) => name === database,
    ).values;
    expect(made.map(([name]) => name).sort()).toEqual(['forescale_kpi_1h', 'forescale_kpi_5m']);
    for (const [, text] of made) {
      expect(text).toMatch(/RESAMPLE EVERY (5m FOR 2h|1h FOR 1d)/);
      // What the server runs by its clock, run now.
      const select = /BEGIN (.*) END/
        .exec(text)?.[1]
        ?.replace('GROUP BY', `WHERE time >= ${startMs}ms AND time < now() GROUP BY`);
      expect(await ask(select ?? '')).toContain('"values":[[');
    }
    const rolled = async (step: string) =>
      JSON.parse(
        await ask(
          `SELECT mean, min, max, count, pool FROM ${database}.forescale_${step}.kpi WHERE time < ${startMs + 3_600_000}ms`,
        ),
      ).results[0].series[0].values.map((values: unknown[]) => values.slice(1));
    expect(await rolled('5m')).toEqual([
      [2, 1, 3, 3, 'web'],
      [10, 10, 10, 1, 'web'],
    ]);
    expect(await rolled('1h')).toEqual([[4, 1, 10, 4, 'web']]);
    // The points themselves are as they were.
    expect(await store.query({ ...all, toMs: startMs + 3_600_000 })).toHaveLength(4);
  });

  it('an account that may make no rollups goes without, and says so', async () => {
    const database = `unrolled_${++count}`;
    await ask(`CREATE DATABASE ${database}`);
    await ask(`CREATE USER plain WITH PASSWORD 'plain'`);
    await ask(`GRANT ALL ON ${database} TO plain`);
    const onNotice = vi.fn<(message: string) => void>();
    const store = await open({ database, username: 'plain', password: 'plain', rollupDays: 100, onNotice });
    await store.write([row(1)]);
    expect(onNotice.mock.calls.at(-1)).toEqual([
      expect.stringMatching(new RegExp(`database ${database} gets no rollups: .*403`)),
    ]);
  });

  it("leaves another owner's retention policy alone and says so", async () => {
    const database = `theirs_${++count}`;
    await ask(`CREATE DATABASE ${database}`);
    const onNotice = vi.fn<(message: string) => void>();
    const store = await open({ database, retentionDays: 30, onNotice });
    await store.write([row(1)]);
    await store.write([row(2)]);
    expect(onNotice.mock.calls).toEqual([[expect.stringMatching(/autogen.*instead of 30 days/)]]);
    expect(await ask(`SHOW RETENTION POLICIES ON ${database}`)).toContain('["autogen","0s"');
  });

  it('an account that may only write and read uses the database as it is', async () => {
    const database = `small_${++count}`;
    await ask(`CREATE DATABASE ${database}`);
    await ask(`CREATE USER small WITH PASSWORD 'small'`);
    await ask(`GRANT ALL ON ${database} TO small`);
    const onNotice = vi.fn<(message: string) => void>();
    const login = { username: 'small', password: 'small' };
    const store = await open({ database, ...login, onNotice });
    await store.write([row(1)]);
    expect(await store.query(all)).toHaveLength(1);
    expect(await store.health()).toEqual({ ok: true });
    expect(onNotice).toHaveBeenCalledTimes(1);
    // A database that it may not make: later perhaps, and until then in words.
    const other = await open({ database: 'nobodys', ...login });
    await expect(other.write([row(1)])).rejects.toThrow(StoreUnavailableError);
    expect(await other.health()).toMatchObject({ ok: false });
  });

  it('a wrong password is a reason to wait, and is never told', async () => {
    const store = await open({ password: 'wrong-secret' });
    const error: Error = await store.write([row(1)]).then(
      () => new Error('written'),
      (reason: unknown) => reason as Error,
    );
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect(error.message).toContain('401');
    expect(await store.health()).toMatchObject({ ok: false, reason: expect.stringContaining('401') });
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
      expect(cause.message + JSON.stringify(cause)).not.toContain('secret');
    }
  });

  it('makes a database again that was dropped behind its back', async () => {
    const database = `dropped_${++count}`;
    const store = await open({ database });
    await store.write([row(1)]);
    await ask(`DROP DATABASE ${database}`);
    await expect(store.write([row(2)])).rejects.toThrow(StoreUnavailableError);
    await store.write([row(2)]);
    expect(await store.query(all)).toHaveLength(1);
  });

  it('a store that is killed, or hangs, is unavailable for a bounded time and loses nothing it has confirmed', async () => {
    const own = await startInflux();
    const store = await createInfluxStore({ url: own.url, database: 'outage', requestTimeoutMs: 500 });
    const confirmed = new Set<number>();
    const refusals: unknown[] = [];
    let timeMs = Date.now();
    const write = async () => {
      const at = timeMs++;
      await store.write([row(at)]).then(
        () => confirmed.add(at),
        (error: unknown) => refusals.push(error),
      );
    };
    try {
      for (let i = 0; i < 50; i++) await write();
      expect(refusals).toEqual([]);
      const writing = Promise.all(Array.from({ length: 20 }, write));
      await own.kill('SIGKILL');
      await writing;
      await write();
      expect(refusals.at(-1)).toBeInstanceOf(StoreUnavailableError);
      await expect(store.query(all)).rejects.toThrow(StoreUnavailableError);
      expect(await store.health()).toMatchObject({ ok: false });

      await own.restart();
      await vi.waitFor(async () => expect(await store.health()).toEqual({ ok: true }), 20_000);
      await write();
      const found = new Set((await store.query(all)).map((found) => found.timeMs));
      expect([...confirmed].filter((at) => !found.has(at))).toEqual([]);

      await own.kill('SIGSTOP');
      const startMs = performance.now();
      await expect(store.write([row(1)])).rejects.toThrow(StoreUnavailableError);
      await expect(store.query(all)).rejects.toThrow(StoreUnavailableError);
      expect(await store.health()).toMatchObject({ ok: false });
      expect(performance.now() - startMs).toBeLessThan(10_000);
      await own.kill('SIGCONT');
      await vi.waitFor(() => store.write([row(2)]), 20_000);
      for (const refusal of refusals) expect(refusal).toBeInstanceOf(StoreUnavailableError);
    } finally {
      await own.stop();
    }
  });

  it('reads on where a server cuts its answers', async () => {
    const own = await startInflux({ rowsMax: 100 });
    try {
      const store = await createInfluxStore({ url: own.url, database: 'cut', requestTimeoutMs: 5_000 });
      const times = Array.from({ length: 250 }, (_, i) => i + 1);
      await store.write(times.map((timeMs) => row(timeMs)));
      const read = async (limit: number) => (await store.query({ ...all, limit })).map((found) => found.timeMs);
      expect(await read(1_000)).toEqual(times);
      expect(await read(250)).toEqual(times);
      expect(await read(150)).toEqual(times.slice(0, 150));
    } finally {
      await own.stop();
    }
  });

  it('nobody there: unavailable at once, no database asked for', async () => {
    const store = await open({ url: 'http://user:pass-word@127.0.0.1:1' });
    const error: Error = await store.query(all).then(
      () => new Error('answered'),
      (reason: unknown) => reason as Error,
    );
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect(error.message).toMatch(/127\.0\.0\.1:1.*ECONNREFUSED/);
    expect(error.message).not.toContain('pass-word');
  });
});
