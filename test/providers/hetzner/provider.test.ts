import { rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dryRun } from '../../../services/actuator/src/providers/hetzner/dry-run.ts';
import { documentedCalls } from '../documented-calls.ts';
import { CLUSTER, failureOf, OTHER_CLUSTER, pass, requestOf, signal } from '../driver.ts';
import { API_TOKEN } from './endpoint.ts';
import { JOIN_TOKEN, openHetzner } from './target.ts';

let target: Awaited<ReturnType<typeof openHetzner>>;
beforeEach(async () => {
  target = await openHetzner();
  return () => target.close();
});

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function opening(change: Readonly<Record<string, unknown>>) {
  const other = await openHetzner(change);
  opened.push(other);
  return other;
}

const create = (name: string) => target.provider.create(requestOf(target, name), signal());

/** A call past the provider. */
async function post(body: unknown) {
  const headers = { authorization: `Bearer ${API_TOKEN}`, 'content-type': 'application/json' };
  const response = await fetch(`${target.config.url}/servers`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, message: JSON.parse(await response.text()).error?.message };
}

describe("Hetzner's end point refuses what Hetzner would", () => {
  const SERVER = { name: 'a', server_type: 'cx23', image: 'debian-13' };
  it.each([
    [{ ...SERVER, userdata: '' }, 'invalid input in field userdata: unknown field'],
    [{ ...SERVER, server_typ: 'cx23' }, 'invalid input in field server_typ: unknown field'],
    [{ ...SERVER, datacenter: 'fsn1-dc14' }, 'invalid input in field datacenter: unknown field'],
    [{ ...SERVER, public_net: { ipv4: true } }, 'invalid input in field public_net.ipv4: must be a whole number'],
    [{ ...SERVER, firewalls: [8] }, 'invalid input in field firewalls[0]: must be an object'],
    [{ ...SERVER, labels: { a: 'b c' } }, 'invalid input in field labels.a: has an invalid format'],
    [{ ...SERVER, user_data: 'x'.repeat(32_769) }, 'invalid input in field user_data: is too long'],
    [{ ...SERVER, image: undefined }, 'invalid input in field image: is required'],
    [{ ...SERVER, name: 'A_b' }, 'invalid input in field name: has an invalid format'],
    [{ ...SERVER, location: 'fsn1-dc14' }, 'unknown location fsn1-dc14'],
  ])('%j', async (body, message) => {
    expect(await post(body)).toEqual({ status: 422, message });
    expect(target.endpoint.running()).toEqual([]);
  });
});

describe('provider hetzner', () => {
  it('asks for a server as the configuration says', async () => {
    await create('a');
    expect(target.endpoint.created).toEqual([
      {
        ...{ name: 'a', server_type: 'cx23', image: 'debian-13', location: 'fsn1', start_after_create: true },
        labels: {
          'forescale.dev/cluster': CLUSTER,
          'forescale.dev/request': 'a',
          'forescale.dev/pool': 'web',
        },
        user_data: expect.stringContaining('#cloud-config'),
        public_net: { enable_ipv4: true, enable_ipv6: true },
        ...{ ssh_keys: ['ops'], networks: [7], firewalls: [{ firewall: 8 }], placement_group: 9 },
      },
    ]);
  });

  it('never adopts a server of another cluster', async () => {
    const theirs = requestOf(target, 'a', target.onDemand, { clusterTag: OTHER_CLUSTER });
    await target.provider.create(theirs, signal());
    expect(await failureOf(create('a'))).toMatchObject({ errorClass: 'conflict' });
  });

  it('an action that fails is a refusal of its class', async () => {
    target.endpoint.failNextAction = true;
    expect(await failureOf(create('a'))).toMatchObject({ errorClass: 'capacity', ambiguous: false });
    // What it had begun is not left over.
    expect(target.endpoint.running()).toEqual([]);
  });

  it('a server that goes already is adopted by nobody', async () => {
    const [machine] = (await create('a')).machines;
    await target.provider.terminate(machine?.id ?? '', target.onDemand, signal());
    expect(await failureOf(create('a'))).toMatchObject({ errorClass: 'conflict', ambiguous: true });
    pass(target, 60_000);
    expect((await create('a')).machines[0]?.id).not.toBe(machine?.id);
  });

  it('throttled, it waits until the next call is let in', async () => {
    target.endpoint.fail('create', 'throttled', 1);
    expect(await failureOf(create('a'))).toMatchObject({ errorClass: 'throttled', retryAfterMs: 7_000 });
  });

  it('what the user got wrong is told in the words of the API', async () => {
    const offering = { ...target.onDemand, zone: 'fsn1-dc14' };
    const error = await failureOf(target.provider.create(requestOf(target, 'a', offering), signal()));
    expect(error).toMatchObject({ errorClass: 'config', message: 'invalid_input: unknown location fsn1-dc14' });
    const spot = { ...target.onDemand, capacityType: 'spot' } as const;
    const refused = await failureOf(target.provider.create(requestOf(target, 'a', spot), signal()));
    expect(refused).toMatchObject({ errorClass: 'config', message: 'Hetzner has no spot machines' });
  });

  it('user data that is too long is not sent', async () => {
    const args = Array.from({ length: 60 }, (_, i) => `--x${i}=${'y'.repeat(1_000)}`);
    const { join } = target.config;
    if (join.kind !== 'k3s') throw new Error('K3s');
    const other = await opening({
      join: { kind: 'k3s', server: join.server, version: join.version, token_file: join.tokenFile, args },
    });
    const error = await failureOf(other.provider.create(requestOf(other, 'a'), signal()));
    expect(error.message).toBe('user data: allowed: at most 32768 bytes');
    expect([...other.endpoint.operations]).toEqual([]);
  });

  it('a token that is not there, or is not let in, is a matter of credentials', async () => {
    await writeFile(target.config.tokenFile, 'another');
    expect(await failureOf(create('a'))).toMatchObject({
      errorClass: 'auth',
      message: 'unauthorized: unable to authenticate',
    });
    await rm(target.config.tokenFile);
    const error = await failureOf(create('a'));
    expect(error).toMatchObject({ errorClass: 'auth' });
    expect(error.message).toMatch(/api-token: cannot be read: ENOENT$/);
  });

  it('a token that is exchanged is used from the next call on', async () => {
    await writeFile(target.config.tokenFile, 'another');
    await failureOf(create('a'));
    await writeFile(target.config.tokenFile, API_TOKEN);
    expect((await create('a')).machines).toHaveLength(1);
  });

  it('no secret shows in what is returned or thrown', async () => {
    const made = await create('a');
    const again = await create('a');
    target.endpoint.fail('create', 'reset', 1);
    const failed = await failureOf(create('b'));
    target.endpoint.fail('create', 'capacity', 1);
    const refused = await failureOf(create('c'));
    for (const one of [made, again, failed, refused, failed.cause, refused.cause]) {
      const text = `${String(one)} ${JSON.stringify(one)} ${one instanceof Error ? one.stack : ''}`;
      for (const secret of [API_TOKEN, JOIN_TOKEN, 'hunter2']) expect(text).not.toContain(secret);
    }
  });

  it('the node of a machine has the id of its server', async () => {
    const [machine] = (await create('a')).machines;
    expect(machine?.providerId).toBe(`hcloud://${machine?.id}`);
    expect(machine?.state).toBe('starting');
    pass(target, 60_000);
    expect((await target.provider.find('a', target.onDemand, signal()))[0]?.state).toBe('running');
  });
});

it('a dry run reads only, and says what fails', async () => {
  const outcomes = async () =>
    (await dryRun(target.config)).map(({ operation, outcome }) => `${operation}: ${outcome}`);
  expect(await outcomes()).toEqual([
    'join.token_file: ok',
    'GET /servers: ok: 0 shown',
    'GET /pricing: ok: in EUR',
    'GET /images: ok: 1 of that name',
  ]);
  expect([...target.endpoint.operations].every((one) => one.startsWith('GET '))).toBe(true);
  await writeFile(target.config.tokenFile, 'another');
  expect((await outcomes()).slice(1)).toEqual(
    ['GET /servers', 'GET /pricing', 'GET /images'].map((one) => `${one}: fails: unauthorized: unable to authenticate`),
  );
  const other = await opening({ image: 'arch' });
  expect((await dryRun(other.config)).at(-1)?.outcome).toBe('fails: no image has the name arch');
});

it('all calls that are made stand in the documentation, and no others', async () => {
  const { provider, onDemand, endpoint, config } = target;
  const id = (await create('a')).machines[0]?.id ?? '';
  await create('a');
  await provider.terminate(id, onDemand, signal());
  expect(await provider.terminate(id, onDemand, signal())).toBe('terminating');
  await provider.prices?.([onDemand], signal());
  await dryRun(config);
  expect([...endpoint.operations].sort()).toEqual(await documentedCalls('hetzner'));
});
