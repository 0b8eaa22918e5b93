import { PrometheusClient, PrometheusError, queryHistory } from '@forescale/shared/prometheus';
import { ManualClock } from '@forescale/shared/time';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakePrometheus, startPrometheus } from '../servers/prometheus.ts';

const MINUTE_MS = 60_000;
const never = new AbortController().signal;
const TOO_MUCH =
  '{"status":"error","errorType":"execution","error":"query processing would load too many samples into memory in query execution"}';
const MANY =
  '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[]},{"metric":{},"values":[]}]}}';

let server: FakePrometheus;
let client: PrometheusClient;
beforeEach(async () => {
  server = await startPrometheus({ load: [(seconds) => String(seconds)] });
  client = new PrometheusClient({ url: new URL(server.url), authorization: async () => null, onWarning: () => {} });
});
afterEach(async () => {
  await client.close();
  await server.close();
});

const range = (points: number) => ({ fromMs: MINUTE_MS, toMs: points * MINUTE_MS, stepMs: MINUTE_MS });

/** All of it, while the clock runs as fast as anybody sleeps on it. */
async function all(points: number, signal = never) {
  const clock = new ManualClock(0);
  const sleeps: number[] = [];
  const sleep = clock.sleep.bind(clock);
  const hurried = {
    nowMs: () => clock.nowMs(),
    sleep: (ms: number, ended?: AbortSignal) => {
      // A time-out is slept on as well, and must not come before the answer.
      if (ms >= 60_000) return sleep(ms, ended);
      sleeps.push(ms);
      return Promise.resolve();
    },
  };
  const times: number[] = [];
  for await (const { series } of queryHistory(client, 'load', range(points), { clock: hurried, signal }))
    times.unshift(...series.timesMs);
  return { times, sleeps };
}

describe('history of a Prometheus', () => {
  it('comes in parts that the server gives, the newest first, each point once', async () => {
    const { times, sleeps } = await all(25_000);
    expect(times).toEqual(Array.from({ length: 25_000 }, (_, i) => (i + 1) * MINUTE_MS));
    expect(server.answered).toEqual([10_000, 10_000, 5_000]);
    expect(sleeps).toEqual([]);
  });

  it('a part that is too much is halved, and so are those after it', async () => {
    server.next = (response) => response.writeHead(422).end(TOO_MUCH);
    const { times } = await all(12_000);
    expect(times).toHaveLength(12_000);
    expect(server.answered).toEqual([5_000, 5_000, 2_000]);
  });

  it('a part for which the server takes too long is halved', async () => {
    const late = '{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}';
    server.next = (response) => response.writeHead(503).end(late);
    const { times, sleeps } = await all(12_000);
    expect(times).toHaveLength(12_000);
    expect(server.answered).toEqual([5_000, 5_000, 2_000]);
    expect(sleeps).toEqual([]);
  });

  it('many series are named as such, however long their answer is', async () => {
    let requests = 0;
    server.fault = () => (response) => {
      requests++;
      response.end('x'.repeat(17 * 2 ** 20));
      if (requests === 3) server.fault = () => (last) => last.end(MANY);
    };
    await expect(all(10_000)).rejects.toThrow('2 series; allowed: one, such as sum(load)');
  });

  it('what may pass is asked for again, later each time', async () => {
    let failures = 3;
    const fail: FakePrometheus['next'] = (response) => {
      if (--failures > 0) server.next = fail;
      response.writeHead(503).end('overloaded');
    };
    server.next = fail;
    const { times, sleeps } = await all(100);
    expect(times).toHaveLength(100);
    expect(sleeps).toEqual([1_000, 2_000, 4_000]);
  });

  it('what does not pass ends after six times', async () => {
    const fail: FakePrometheus['next'] = (response) => {
      server.next = fail;
      response.destroy();
    };
    server.next = fail;
    await expect(all(100)).rejects.toThrow(PrometheusError);
  });

  it('ends at once when it is called off', async () => {
    const stop = new AbortController();
    server.next = (response) => {
      stop.abort(new Error('called off'));
      response.writeHead(503).end();
    };
    await expect(all(100, stop.signal)).rejects.toThrow('called off');
  });
});
