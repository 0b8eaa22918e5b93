import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../harness/waiting.ts';
import { Engine } from './engine.ts';
import { startRegistry } from './registry.ts';
import { makeStandIns } from './stand-ins.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const IMAGE = 'ghcr.io/forescale/forescale:0.1.0';
const SERVICES = ['influxdb', 'nats', 'collector', 'predictor', 'actuator', 'simulation', 'grafana'];
const OWN = ['collector', 'predictor', 'actuator', 'simulation'];
/** A little more than an hour, as fast as it goes. */
const SHORT = { FORESCALE_DEMO_DAYS: '0.05', FORESCALE_DEMO_SPEED: '0' };
/** Mebibytes that are ours on top of Node's image: packages and sources. */
const OWN_SIZE_MIB_MAX = 200;
const BUILD_WITHIN_MS = 600_000;
const SUMMARY_WITHIN_MS = 240_000;

async function tryEngine(): Promise<Engine | string> {
  const tools = ['/bin/busybox', '/bin/bash', '/usr/bin/docker-compose'].filter((path) => !existsSync(path));
  if (tools.length > 0)
    return `${tools.join(', ')}: not here; on Debian: apt-get install busybox-static bash docker-compose`;
  return await Engine.start();
}

const tried = await tryEngine();
if (typeof tried === 'string') {
  process.stderr.write(`the image and docker-compose.yml: skipped: ${tried}\n`);
  describe('the image and docker-compose.yml', () => it.skip(`no engine starts here: ${tried}`));
} else {
  describe('the image and docker-compose.yml', () => onEngine(tried));
}

function onEngine(engine: Engine): void {
  const compose = (...args: string[]) => engine.compose(ROOT, SHORT, ...args);
  const container = (service: string) => `forescale-test_${service}_1`;
  const inspect = (service: string, what: string) => engine.docker('inspect', '--format', what, container(service));
  const logs = (...services: string[]) => compose('logs', '--no-color', ...services);
  const inContainer = (service: string, ...command: string[]) => engine.docker('exec', container(service), ...command);
  const inImage = (...args: string[]) =>
    engine.docker('run', '--rm', '--read-only', '--network=none', '--cap-drop=ALL', ...args);

  beforeAll(async () => {
    const registry = await startRegistry(engine);
    await makeStandIns(engine, registry);
    // The host's network is here the engine's own, where nobody is but that registry.
    await engine.docker('build', '--network=host', '--build-arg=REVISION=abc', '--tag', IMAGE, ROOT);
    await compose('up', '--detach', '--no-build');
  }, BUILD_WITHIN_MS);

  afterAll(async () => {
    await compose('down', '--volumes').catch(() => {});
    await engine.stop();
  }, BUILD_WITHIN_MS);

  it('has every command, without root, rights, network and a disk to write on', async () => {
    expect(await inImage(IMAGE)).toMatch(/^Usage: forescale /);
    expect(await inImage(IMAGE, 'validate', '/opt/forescale/examples/minimal.yaml')).toContain(
      'minimal.yaml: valid, 1 pool(s)',
    );
    const user = '{{.Config.User}} {{index .Config.Labels "org.opencontainers.image.revision"}}';
    expect((await engine.docker('image', 'inspect', '--format', user, IMAGE)).trim()).toBe('65532:65532 abc');
    await expect(inImage('--entrypoint=touch', IMAGE, '/opt/forescale/x')).rejects.toThrow('Read-only file system');
    expect(await inImage('--entrypoint=touch', IMAGE, '/var/lib/forescale/x')).toBe('');
  });

  it('carries what runs and can be listed, and no more', async () => {
    const found = await inImage(
      '--entrypoint=find',
      IMAGE,
      '/opt/forescale',
      '-name',
      '*.map',
      '-o',
      '-name',
      '*.test.ts',
    );
    expect(found).toBe('');
    const sbom = await inImage(
      '--entrypoint=npm',
      '--workdir=/opt/forescale',
      IMAGE,
      'sbom',
      '--sbom-format=cyclonedx',
    );
    const names = (JSON.parse(sbom) as { components: { name: string }[] }).components.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['commander', '@tensorflow/tfjs-backend-wasm', '@aws-sdk/client-ec2']),
    );
    expect(names).not.toContain('vitest');
    expect(names).not.toContain('@tensorflow/tfjs-node');
    const size = async (image: string) =>
      Number(await engine.docker('image', 'inspect', '--format', '{{.Size}}', image)) / 2 ** 20;
    const own = (await size(IMAGE)) - (await size('node:22-bookworm-slim'));
    process.stdout.write(`the image: ${own.toFixed(0)} MiB on top of Node's\n`);
    expect(own).toBeLessThan(OWN_SIZE_MIB_MAX);
  });

  it(
    'comes up healthy, without preparation',
    async () => {
      await eventually('every service is healthy', SUMMARY_WITHIN_MS, async () => {
        const states = await Promise.all(SERVICES.map((one) => inspect(one, '{{.State.Health.Status}}')));
        return states.every((state) => state.trim() === 'healthy');
      });
      expect((await inspect('prepare', '{{.State.Status}} {{.State.ExitCode}}')).trim()).toBe('exited 0');
    },
    SUMMARY_WITHIN_MS,
  );

  it(
    'the predictor says that it computes in WebAssembly and why, and forecasts',
    async () => {
      const said = await logs('predictor');
      expect(said).toMatch(/TensorFlow\.js backend: WebAssembly[^;]*; no tensorflow: Cannot find package/);
      const summary = await eventually('the summary', SUMMARY_WITHIN_MS, async () => {
        const told = await logs('simulation');
        return /oracle .* USD/.test(told) && told;
      });
      process.stdout.write(summary.slice(-1_500));
      expect(summary).toMatch(/enforce mode, cluster on http:\/\/0\.0\.0\.0:8080, services elsewhere/);
      expect(summary).toMatch(/generated load, seed 1: 1h12m replayed/);
      expect(summary).toMatch(/model combination on TensorFlow\.js backend wasm \(/);
      expect(summary).toMatch(/forescale +0\.\d+ % +\d+\.\d+ USD/);
    },
    SUMMARY_WITHIN_MS,
  );

  it('nobody in it has a right or a file to write on that is not needed', async () => {
    for (const service of SERVICES) {
      const status = await inContainer(service, 'cat', '/proc/1/status');
      expect(status, service).toMatch(/^CapEff:\t0+$/m);
      expect(status, service).toMatch(/^CapBnd:\t0+$/m);
      expect(status, service).toMatch(/^NoNewPrivs:\t1$/m);
      expect(status, service).not.toMatch(/^Uid:\t0\t/m);
      await expect(inContainer(service, 'touch', '/etc/x'), service).rejects.toThrow('Read-only file system');
    }
  });

  it('secrets are in files for those who need them, and nowhere else', async () => {
    const token = await inContainer('actuator', 'cat', '/etc/forescale/secrets/http-token');
    const others = await inContainer('influxdb', 'sh', '-c', 'cat /run/secrets/influxdb/*');
    const secrets = [token, ...(others.match(/.{32}/g) as string[])];
    expect(new Set(secrets).size).toBe(4);
    const told = (await logs()) + (await engine.docker('inspect', ...SERVICES.map(container)));
    for (const secret of secrets) expect(told.includes(secret)).toBe(false);
    const modes = await inContainer('actuator', 'sh', '-c', 'cd /etc/forescale/secrets && stat -c "%a %u %n" *-*');
    expect(modes.trim().split('\n')).toEqual(
      ['cluster-token', 'http-token', 'influxdb-password', 'nats-token'].map((name) => `400 65532 ${name}`),
    );
    await expect(inContainer('grafana', 'ls', '/etc/forescale/secrets')).rejects.toThrow('No such file');
  });

  it('the page is on this machine only, and its data want the token', async () => {
    const token = await inContainer('actuator', 'cat', '/etc/forescale/secrets/http-token');
    const ask = `const status = async (path, headers) => (await fetch('http://127.0.0.1:8080' + path, { headers })).status;
      const bearer = { authorization: 'Bearer ' + process.argv[1] };
      console.log(await status('/healthz'), await status('/api/v1/plan?pool=web'), await status('/api/v1/plan?pool=web', bearer));`;
    const told = await engine.inside(process.execPath, '--input-type=module', '--eval', ask, '--', token);
    expect(told.trim()).toBe('200 401 200');
    const published = await Promise.all(SERVICES.map((one) => inspect(one, '{{json .HostConfig.PortBindings}}')));
    const addresses = published.join('').match(/"HostIp":"[^"]*"/g) ?? [];
    expect(addresses).toHaveLength(2);
    expect(new Set(addresses)).toEqual(new Set(['"HostIp":"127.0.0.1"']));
  });

  it('prepared again nothing changes, and a replay on top of another is refused in one line', async () => {
    const token = () => inContainer('actuator', 'cat', '/etc/forescale/secrets/http-token');
    const before = await token();
    await engine.docker('start', '--attach', container('prepare'));
    expect(await token()).toBe(before);
    await engine.docker('restart', container('simulation'));
    await eventually('the refusal', 60_000, async () => {
      return /forescale: the store has samples of an earlier replay, up to 2026-/.test(await logs('simulation'));
    });
  });

  it('ends at once when it is told to, as process 1', async () => {
    await compose('stop', '--timeout', '60');
    for (const service of OWN.filter((one) => one !== 'simulation'))
      expect((await inspect(service, '{{.State.ExitCode}}')).trim(), service).toBe('130');
  });
}
