import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '@forescale/shared/config';
import { type ChannelCredentials, credentials, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../../../test/harness/config-file.ts';
import { KedaClient, KEDA_METHODS as methods } from '../../../../test/harness/keda-client.ts';
import {
  CA,
  CLIENT_CERT,
  CLIENT_KEY,
  SERVER_CERT,
  SERVER_KEY,
} from '../../../../test/providers/externalgrpc/certificates.ts';
import { forecastOf, NOW_MS } from './forecasts.test-data.ts';
import { startWorld, type World } from './scaler-world.test-data.ts';

const METADATA = { scalerAddress: 'forescale-scaler.forescale:9090', pool: 'web', signal: 'rps', target: '100' };

let world: World | null = null;
let client: KedaClient | null = null;
afterEach(async () => {
  client?.close();
  await world?.stop();
  world = null;
  client = null;
});

async function start(scaler = '{ grpc: { port: 0 } }', how?: ChannelCredentials): Promise<World> {
  world = await startWorld(scaler);
  client = clientOf(world, how);
  return world;
}

function clientOf({ scaler }: World, how?: ChannelCredentials): KedaClient {
  return new KedaClient(scaler.grpcPort ?? 0, how);
}

const ref = (more: object = {}) => ({ name: 'shop', namespace: 'prod', scalerMetadata: { ...METADATA, ...more } });
const METRIC = 'forescale-web-rps';
const metrics = (more: object = {}, metricName = METRIC) =>
  call('GetMetrics', { scaledObjectRef: ref(more), metricName });

const call = (method: string, request: object) => (client as KedaClient).call(method, request);

/** What a HorizontalPodAutoscaler makes of spec and value, for an average per replica. */
function replicas(value: number, target: number): number {
  return Math.ceil(value / target);
}

describe("KEDA's interface", () => {
  it('has the names and numbers that KEDA has published', () => {
    const paths = Object.values(methods).map(({ path }) => path);
    const names = ['IsActive', 'StreamIsActive', 'GetMetricSpec', 'GetMetrics', 'StreamMetricSpec'];
    expect(paths).toEqual(names.map((name) => `/externalscaler.ExternalScaler/${name}`));
    const hex = (method: string, side: 'requestSerialize' | 'responseSerialize', value: object) =>
      methods[method]?.[side](value).toString('hex');
    const asked = { scaledObjectRef: { name: 'a', namespace: 'b', scalerMetadata: { c: 'd' } }, metricName: 'm' };
    expect(hex('GetMetrics', 'requestSerialize', asked)).toBe('0a0e0a01611201621a060a0163120164' + '12016d');
    const value = { metricValues: [{ metricName: 'm', metricValue: 2, metricValueFloat: 1.5 }] };
    expect(hex('GetMetrics', 'responseSerialize', value)).toBe('0a0e0a016d100219000000000000f83f');
    const spec = { metricSpecs: [{ metricName: 'm', targetSize: 2, targetSizeFloat: 1.5 }] };
    expect(hex('GetMetricSpec', 'responseSerialize', spec)).toBe('0a0e0a016d100219000000000000f83f');
    expect(hex('IsActive', 'responseSerialize', { result: true })).toBe('0801');
  });

  it('scales on the forecast quantile of the maximum over the lead', async () => {
    const { publish, measure } = await start();
    await publish(forecastOf());
    await measure(150);
    const spec = await call('GetMetricSpec', ref());
    expect(spec.answer).toEqual({ metricSpecs: [{ metricName: METRIC, targetSize: 100, targetSizeFloat: 100 }] });
    const { answer, code, trailer } = await metrics();
    expect(code).toBe(status.OK);
    expect(answer).toEqual({ metricValues: [{ metricName: METRIC, metricValue: 320, metricValueFloat: 320 }] });
    expect(trailer).toMatchObject({ 'forescale-source': 'forecast' });
    expect(replicas(320, 100)).toBe(4);
    expect((await call('IsActive', ref())).answer).toEqual({ result: true });
    expect((await call('IsActive', ref({ activation: '320' }))).answer).toEqual({ result: false });
  });

  it('gives an old KEDA, which reads whole numbers, rather more replicas than fewer', async () => {
    const { measure } = await start();
    await measure(150.25);
    const spec = await call('GetMetricSpec', ref({ target: '2.5' }));
    expect(spec.answer).toMatchObject({ metricSpecs: [{ targetSize: 2, targetSizeFloat: 2.5 }] });
    const small = await call('GetMetricSpec', ref({ target: '0.5' }));
    expect(small.answer).toMatchObject({ metricSpecs: [{ targetSize: 1, targetSizeFloat: 0.5 }] });
    expect((await metrics()).answer).toMatchObject({ metricValues: [{ metricValue: 151, metricValueFloat: 150.25 }] });
  });

  it('falls back to the observed load, and says so, until there is a forecast again', async () => {
    const { publish, measure, clock } = await start();
    await measure(150);
    const value = async () => {
      const { answer, trailer } = await metrics();
      const [first] = (answer as { metricValues: { metricValueFloat: number }[] }).metricValues;
      return [first?.metricValueFloat, trailer['forescale-source'], trailer['forescale-without-forecast']];
    };
    expect(await value()).toEqual([150, 'observed', 'is not there yet']);
    await publish(forecastOf());
    clock.advanceTo(NOW_MS + 1_000);
    expect((await value()).slice(1)).toEqual(['forecast', undefined]);
    clock.advanceTo(NOW_MS + 301_000);
    await measure(170);
    expect(await value()).toEqual([170, 'observed', 'expired 1 s ago']);
  });

  it('that knows nothing says UNAVAILABLE, so that KEDA keeps what there is', async () => {
    await start();
    for (const { code, details } of [await metrics(), await call('IsActive', ref())]) {
      expect(code).toBe(status.UNAVAILABLE);
      expect(details).toBe('web/rps: the forecast is not there yet, and no load was observed lately');
    }
  });

  it.each([
    [
      'GetMetrics',
      { scaledObjectRef: ref({ quantile: '2' }), metricName: METRIC },
      'quantile = "2"; allowed: a number from 0.1 to 0.999',
    ],
    ['GetMetrics', { metricName: METRIC }, 'pool is absent; allowed: web'],
    ['GetMetrics', { scaledObjectRef: ref(), metricName: 'cpu' }, `metricName = "cpu"; allowed: ${METRIC}`],
    [
      'GetMetricSpec',
      ref({ targt: '1' }),
      '"targt": unknown; allowed: pool, signal, quantile, lead, target, activation',
    ],
    ['IsActive', ref({ pool: 'shop' }), 'pool = "shop"; allowed: web'],
    // 80 characters end in the middle of one that takes two.
    ['IsActive', ref({ pool: `x${'😀'.repeat(50)}` }), `pool = "x${'😀'.repeat(39)}\\ud83d"; allowed: web`],
  ])('%s refuses what it cannot answer, by name', async (method, request, why) => {
    await start();
    expect(await call(method, request)).toMatchObject({ answer: null, code: status.INVALID_ARGUMENT, details: why });
  });

  it('refuses a request of more than 64 KiB, and goes on', async () => {
    const { measure } = await start();
    await measure(1);
    expect((await call('IsActive', ref({ pool: 'x'.repeat(70_000) }))).code).toBe(status.RESOURCE_EXHAUSTED);
    expect((await call('IsActive', ref())).code).toBe(status.OK);
  });

  it('does not stream targets, as the interface allows', async () => {
    await start();
    expect((await call('StreamMetricSpec', ref())).code).toBe(status.UNIMPLEMENTED);
  });
});

describe('StreamIsActive', () => {
  function stream(request: object) {
    const opened = (client as KedaClient).stream('StreamIsActive', request);
    const iterator = opened[Symbol.asyncIterator]();
    return { opened, next: async () => (await iterator.next()).value as unknown };
  }

  it('says at once what is, then what changes', async () => {
    const { measure, clock, ioClock } = await start();
    await measure(5);
    const { opened, next } = stream(ref({ activation: '10' }));
    expect(await next()).toEqual({ result: false });
    const later = async (value: number) => {
      clock.advanceTo(clock.nowMs() + 60_000);
      await measure(value);
      const waiting = next();
      // It may still be about to wait.
      const pushing = setInterval(() => ioClock.advanceTo(ioClock.nowMs() + 5_000), 5);
      const said = await waiting;
      clearInterval(pushing);
      return said;
    };
    expect(await later(11)).toEqual({ result: true });
    expect(await later(3)).toEqual({ result: false });
    opened.on('error', () => undefined);
    opened.cancel();
  });

  it('refuses by name, and ends when the server stops', async () => {
    const { measure, scaler } = await start();
    await expect(stream(ref({ lead: 'soon' })).next()).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    await expect(stream(ref()).next()).rejects.toMatchObject({ code: status.UNAVAILABLE });
    await measure(5);
    (world as World).clock.advanceTo(NOW_MS + 1_000);
    const { next } = stream(ref());
    expect(await next()).toEqual({ result: true });
    const ended = next().then(
      () => 'ended',
      () => 'ended',
    );
    await scaler.stop();
    expect(await ended).toBe('ended');
  });
});

describe('TLS', () => {
  it('answers whom the authority of the clients knows, and nobody else', async () => {
    const directory = await temporaryDirectory();
    const file = async (name: string, text: string) => {
      await writeFile(join(directory.path, name), text);
      return JSON.stringify(join(directory.path, name));
    };
    const tls = `{ cert_file: ${await file('s.crt', SERVER_CERT)}, key_file: ${await file('s.key', SERVER_KEY)}, client_ca_file: ${await file('ca', CA)} }`;
    const pem = (text: string) => Buffer.from(text);
    const known = credentials.createSsl(pem(CA), pem(CLIENT_KEY), pem(CLIENT_CERT));
    const { measure } = await start(`{ grpc: { host: 127.0.0.1, port: 0, tls: ${tls} } }`, known);
    await measure(1);
    expect((await call('IsActive', ref())).code).toBe(status.OK);
    for (const stranger of [credentials.createSsl(pem(CA)), credentials.createInsecure()]) {
      const other = clientOf(world as World, stranger);
      expect((await other.call('IsActive', ref())).code).toBe(status.UNAVAILABLE);
      other.close();
    }
    await directory.remove();
  });

  it('names a file that is not there, and an address that is taken', async () => {
    const tls = '{ cert_file: no-such-file.crt, key_file: no-such-file.key }';
    await expect(startWorld(`{ grpc: { port: 0, tls: ${tls} } }`)).rejects.toThrow(
      new ConfigError('autoscaler.scaler.grpc.tls.cert_file = no-such-file.crt: cannot be read: ENOENT'),
    );
    const { scaler } = await start();
    const taken = `autoscaler.scaler.grpc: cannot listen on 127.0.0.1:${scaler.grpcPort}`;
    await expect(startWorld(`{ grpc: { port: ${scaler.grpcPort} } }`)).rejects.toThrow(taken);
  });
});
