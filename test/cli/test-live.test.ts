import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ManualClock } from '@forescale/shared/time';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../harness/config-file.ts';
import { newEndpoint } from '../providers/externalgrpc/target.ts';
import type { Ran } from './captured.ts';

const TOOL = fileURLToPath(new URL('../../tools/test-live.ts', import.meta.url));

let directory: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
});
afterAll(() => remove());

/** The tool as a process of its own, in an environment without any credentials. */
function testLive(...args: readonly string[]): Promise<Ran> {
  const flags = ['--disable-warning=ExperimentalWarning', TOOL, ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, flags, { env: { PATH: process.env.PATH } }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

async function configWith(provider: object): Promise<string> {
  const path = join(directory, 'live.yaml');
  await writeFile(path, JSON.stringify({ autoscaler: { pools: [{ name: 'web', provider }] } }));
  return path;
}

const externalGrpc = (address: string, groups: readonly string[]) => ({
  kind: 'externalgrpc',
  address,
  groups: groups.map((id, index) => ({ id, instance_type: 'm5.large', zone: `z${index}` })),
});

describe('test:live', () => {
  it('says what a server answers, and changes nothing there', async () => {
    const endpoint = newEndpoint(new ManualClock(0));
    endpoint.prices = null;
    const config = await configWith(externalGrpc(await endpoint.listen(), ['workers-on_demand']));
    const { code, stdout, stderr } = await testLive('externalgrpc', '--config', config);
    await endpoint.close();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n').map((line) => line.trim().split(/\s{2,}/))).toEqual([
      ['provider', 'operation', 'outcome'],
      ['web', 'Refresh', 'ok'],
      ['web', 'NodeGroups: workers-on_demand', 'ok: 0 to 50'],
      ['web', 'NodeGroupTargetSize: workers-on_demand', 'ok: 0'],
      ['web', 'NodeGroupNodes: workers-on_demand', 'ok: 0 instances'],
      ['web', 'PricingNodePrice', 'ok: not known, those of the configuration hold'],
      [''],
    ]);
    expect([...endpoint.operations].filter((name) => /Increase|Decrease|Delete|Cleanup/.test(name))).toEqual([]);
  });

  it('fails where one of the groups is not there', async () => {
    const endpoint = newEndpoint(new ManualClock(0));
    const config = await configWith(externalGrpc(await endpoint.listen(), ['workers-on_demand', 'nobody']));
    const { code, stdout, stderr } = await testLive('externalgrpc', '--config', config);
    await endpoint.close();
    expect(code).toBe(1);
    expect(stdout).toContain('fails: the server has no such group');
    expect(stderr).toBe('test:live: 3 of 8 did not go well\n');
  });

  it.each<[what: string, args: readonly string[], message: RegExp]>([
    ['no configuration', ['aws'], /required option '--config <file>' not specified/],
    ['a kind that does not exist', ['mainframe', '--config', 'x'], /kind = "mainframe"; allowed: aws, /],
    ['a configuration that is not there', ['aws', '--config', '/none.yaml'], /\/none\.yaml/],
    [
      'credentials that lie about',
      ['aws', '--config', 'examples/aws.yaml'],
      /AWS_ACCESS_KEY_ID or AWS_PROFILE or AWS_WEB_IDENTITY_TOKEN_FILE is not set; credentials are not guessed/,
    ],
    ['a kind that no pool has', ['aws', '--config', 'examples/minimal.yaml'], /no pool has a provider of kind aws/],
  ])('refuses %s', async (_what, args, message) => {
    const { code, stdout, stderr } = await testLive(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});
