import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { driven, namesOf, requestOf, signal } from '../driver.ts';
import { TOKEN } from './endpoint.ts';
import { parseFilter } from './filter.ts';
import { type GcpTarget, openMachines, openZonalGroup, SPOT } from './target.ts';

let target: GcpTarget;
/** A body that is taken, as the provider sends it. */
let body: Record<string, unknown>;
beforeAll(async () => {
  target = await openMachines();
  await driven(target, target.provider.create(requestOf(target, namesOf(1)[0] ?? '', SPOT), signal()));
  body = target.endpoint.inserted[0] as Record<string, unknown>;
});
afterAll(() => target.close());

const INSTANCES = 'zones/us-central1-a/instances';

async function send(path: string, method: string, sent?: unknown, to = target) {
  const response = await fetch(`${to.config.endpoint}/compute/v1/projects/forescale-test-1/${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}` },
    ...(sent !== undefined && { body: JSON.stringify(sent) }),
  });
  const { error } = (await response.json()) as { readonly error?: { readonly message: string } };
  return { status: response.status, message: error?.message ?? '' };
}

type Step = string | number;

/** Every field in the body, but for labels, whose names are the user's. */
function fieldsOf(value: unknown, path: readonly Step[] = []): Step[][] {
  if (Array.isArray(value)) return value.flatMap((one, i) => fieldsOf(one, [...path, i]));
  if (typeof value !== 'object' || value === null || path.at(-1) === 'labels') return [];
  return Object.entries(value).flatMap(([key, inner]) => [[...path, key], ...fieldsOf(inner, [...path, key])]);
}

/** The body with the last letter of one field's name left out. */
function misspelt(value: unknown, [step, ...rest]: readonly Step[]): unknown {
  if (Array.isArray(value)) return value.map((one, i) => (i === step ? misspelt(one, rest) : one));
  return Object.fromEntries(
    Object.entries(value as object).map(([key, inner]) => {
      if (key !== step) return [key, inner];
      return rest.length === 0 ? [key.slice(0, -1), inner] : [key, misspelt(inner, rest)];
    }),
  );
}

describe('the end point of gcp: bodies', () => {
  it('each field of a machine, misspelt by one letter, is refused by name', async () => {
    const fields = fieldsOf(body);
    expect(fields.length).toBeGreaterThan(20);
    for (const path of fields) {
      const { status, message } = await send(INSTANCES, 'POST', misspelt({ ...body, name: 'misspelt' }, path));
      expect([path, status]).toEqual([path, 400]);
      expect(message).toContain(`Unknown name "${String(path.at(-1)).slice(0, -1)}"`);
    }
    expect(target.endpoint.running()).toHaveLength(1);
    expect((await send(INSTANCES, 'POST', { ...body, name: 'spelt' })).status).toBe(200);
  });

  const scheduling = { ...{ provisioningModel: 'SPOT', automaticRestart: false, onHostMaintenance: 'TERMINATE' } };
  it.each<[what: string, change: object]>([
    ['a value that an enum does not have', { scheduling: { ...scheduling, provisioningModel: 'PREEMPTIBLE' } }],
    ['a number as text', { canIpForward: 'no' }],
    ['text as a list', { tags: { items: 'k3s-agent' } }],
    ['a list as an object', { disks: {} }],
    ['a spot machine that starts again', { scheduling: { ...scheduling, automaticRestart: true } }],
    ['a machine on demand that is deleted when taken back', { scheduling: { instanceTerminationAction: 'DELETE' } }],
    ['a machine type of another zone', { machineType: 'zones/us-central1-b/machineTypes/e2-standard-4' }],
    ['a machine type that does not exist', { machineType: 'zones/us-central1-a/machineTypes/e2-standard-5' }],
    ['a label in capitals', { labels: { Team: 'shop' } }],
    ['a name with a dot', { name: 'web.1' }],
    ['two service accounts', { serviceAccounts: [{ email: 'a@b' }, { email: 'c@d' }] }],
    ['no disk', { disks: [] }],
  ])('%s is refused', async (_what, change) => {
    expect(await send(INSTANCES, 'POST', { ...body, name: 'changed', ...change })).toMatchObject({ status: 400 });
  });

  it('fields of a group are checked as well', async () => {
    const group = await openZonalGroup();
    try {
      const path = 'zones/us-central1-a/instanceGroupManagers/web/deleteInstances';
      const instances = ['zones/us-central1-a/instances/web-0000'];
      expect(await send(path, 'POST', { instance: instances }, group)).toMatchObject({ status: 400 });
      const skip = { instances, skipInstancesOnValidationErrors: true };
      expect(await send(path, 'POST', skip, group)).toMatchObject({ status: 400 });
      expect(await send(path, 'POST', { instances, skipInstancesOnValidationError: true }, group)).toMatchObject({
        status: 200,
      });
    } finally {
      await group.close();
    }
  });
});

describe('the end point of gcp: paths and parameters', () => {
  it.each<[what: string, method: string, path: string]>([
    ['a parameter that does not exist', 'GET', 'aggregated/instances?maxResult=5'],
    ['a parameter of another method', 'GET', `${INSTANCES}/web?requestId=5`],
    ['more than a page may have', 'GET', 'aggregated/instances?maxResults=501'],
    ['a filter that is not understood', 'GET', 'aggregated/instances?filter=labels.a%20eq%20b'],
    ['a method that does not exist', 'GET', 'zones/us-central1-a/instance'],
    ['a verb that does not', 'PUT', `${INSTANCES}/web`],
    ['a request id that is none', 'POST', `${INSTANCES}?requestId=web-1`],
    ['a request id of zeros', 'POST', `${INSTANCES}?requestId=00000000-0000-0000-0000-000000000000`],
  ])('%s is refused', async (_what, method, path) => {
    expect(await send(path, method, method === 'POST' ? { ...body, name: 'other' } : undefined)).toMatchObject({
      status: 400,
    });
  });

  it('what is not there is not found', async () => {
    expect(await send(`${INSTANCES}/none`, 'DELETE')).toMatchObject({ status: 404 });
    expect(await send('zones/us-central1-z/instances', 'POST', body)).toMatchObject({ status: 404 });
  });

  it('an operation is waited for until it is done', async () => {
    const { operations } = target.endpoint.cloud;
    const [name] = [...operations.keys()];
    expect(await send(`${name}`.replace(/\/([^/]+)$/, '/operations/$1/wait'), 'POST')).toMatchObject({ status: 200 });
  });
});

describe('the end point of gcp: filters', () => {
  const fields = (name: string) => ({ name: 'web-1', status: 'RUNNING', 'labels.a-b': 'x' })[name] ?? null;
  it.each([
    ['(labels.a-b = "x")', true],
    ['(labels.a-b = "y")', false],
    ['(labels.none = "x")', false],
    ['(name:"web-")', true],
    ['(labels.a-b = "x") AND (status = "STOPPING")', false],
    ['(name:"db-") OR (name:"web-")', true],
    ['(name eq "web-1")', null],
    ['labels.a-b = "x"', null],
    ['(zone = "a")', null],
    ['(name = "a") OR (name = "b") AND (status = "c")', null],
  ])('%s', (filter, holds) => {
    const parsed = parseFilter(filter);
    expect(parsed === null ? null : parsed(fields)).toBe(holds);
  });
});
