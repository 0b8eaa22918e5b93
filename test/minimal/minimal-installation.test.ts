import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { optionalPackages } from '../../bench/src/start/sizes.ts';
import { temporaryDirectory, writeConfig } from '../harness/config-file.ts';
import { ForescaleProcess } from '../harness/process.ts';

const run = promisify(execFile);
const path = (below: string) => fileURLToPath(new URL(below, import.meta.url));
const EXAMPLES = path('../../examples/');
const IMPORT_HOOK = `--import=${new URL('deny-packages.ts', import.meta.url).href}`;

/** Without those that come with a package that is not optional, as telemetry's need gRPC. */
const OPTIONAL = (await optionalPackages(path('../../')))
  .filter(({ added }) => added.length > 0)
  .map(({ name }) => name);
/** As after `npm ci --omit=dev --omit=optional`. */
const WITHOUT = {
  DENIED_PACKAGES: OPTIONAL.join(','),
  NODE_OPTIONS: `--disable-warning=ExperimentalWarning ${IMPORT_HOOK}`,
};
const ENVIRONMENT = { DEMO_DATA: 'd', DEMO_CLUSTER: 'http://127.0.0.1:1', DEMO_CAPACITY: '5' };

/** Kinds that need packages, and the one that each names first where that is not there. */
const NEEDED: Readonly<Record<string, string>> = {
  aws: '@aws-sdk/client-ec2',
  azure: '@azure/identity',
  docker: 'dockerode',
  externalgrpc: '@grpc/grpc-js',
  gcp: 'google-auth-library',
};

const services: ForescaleProcess[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.crash();
});

describe('an installation without optional packages', () => {
  it.each(['collector', 'predictor', 'actuator'])('starts the %s', async (name) => {
    const directory = await temporaryDirectory();
    const config = await writeConfig({ directory: directory.path, clusterUrl: 'http://127.0.0.1:1', clock: 'system' });
    const service = await ForescaleProcess.service([name, '--config', config], WITHOUT);
    services.push(service);
    expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
    await service.crash();
    await directory.remove();
  });

  it('opens the providers of the examples, or says which package to install', async () => {
    const files = readdirSync(EXAMPLES).filter((file) => file.endsWith('.yaml'));
    const environment = { ...process.env, ...ENVIRONMENT, ...WITHOUT };
    const { stdout } = await run(process.execPath, [path('open-providers.ts'), ...files], {
      cwd: EXAMPLES,
      env: environment,
    });
    const opened = stdout
      .trim()
      .split('\n')
      .map((line) => line.split('\t'));
    const expected = opened.map(([file, kind = '', outcome = '']) => {
      const name = OPTIONAL.find((one) => one === NEEDED[kind]);
      // A file that an example names is not there; no package is missing.
      if (name === undefined && !/package/i.test(outcome)) return [file, kind, outcome];
      const refusal = `ConfigError: provider.kind = ${kind} needs the package ${name}: npm install ${name}`;
      return [file, kind, name === undefined ? 'opened' : refusal];
    });
    expect(opened).toEqual(expected);
    expect(opened.map(([, kind]) => kind)).toEqual(expect.arrayContaining(Object.keys(NEEDED)));
  });
});
