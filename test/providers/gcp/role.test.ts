import { readFile } from 'node:fs/promises';
import { dryRun } from '@forescale/actuator/providers';
import { afterEach, describe, expect, it } from 'vitest';
import { CLUSTER, driven, namesOf, pass, requestOf, signal } from '../driver.ts';
import { type GcpTarget, MACHINES, ON_DEMAND, openNodePool, openTarget, SPOT } from './target.ts';

const MINUTE_MS = 60_000;
const [NAME = ''] = namesOf(1);
/** Any text will do as user data. */
const JOIN = { kind: 'user_data', template_file: 'examples/gcp.yaml' };
const opened: GcpTarget[] = [];
afterEach(async () => {
  for (const target of opened.splice(0)) await target.close();
});

async function open(how: Promise<GcpTarget>): Promise<GcpTarget> {
  const target = await how;
  opened.push(target);
  return target;
}

const machines = (change: object = {}) => open(openTarget({ machines: { ...MACHINES, ...change } }));

/** A group of a zone and one of a region. */
const groups = () => {
  const sold = { machineType: 'e2-standard-4', model: 'STANDARD', zones: ['us-central1-a'] } as const;
  const named = [
    { name: 'web', location: 'us-central1-a', instance_type: 'e2-standard-4' },
    { name: 'spread', location: 'us-central1', instance_type: 'n2-standard-8' },
  ];
  return open(
    openTarget({ instance_groups: named }, (endpoint) => {
      for (const { name, location } of named) endpoint.addGroup({ ...sold, name, location });
    }),
  );
};

/** Everything that a provider of machines does. */
async function useMachines(target: GcpTarget): Promise<void> {
  const { provider } = target;
  const request = requestOf(target, NAME, SPOT);
  await driven(target, provider.create(request, signal()));
  await driven(target, provider.create({ ...request, token: 'another' }, signal()));
  pass(target, MINUTE_MS);
  await driven(target, provider.find(NAME, ON_DEMAND, signal()));
  const [machine] = await driven(target, provider.list(CLUSTER, signal()));
  target.endpoint.interrupt(machine?.id ?? '', 'reclaim');
  await driven(target, provider.interruptions(CLUSTER, signal()));
  await driven(target, provider.terminate(machine?.id ?? '', ON_DEMAND, signal()));
}

/** Everything that a provider of groups does. */
async function useGroups(target: GcpTarget): Promise<void> {
  const { provider } = target;
  for (const instanceType of ['e2-standard-4', 'n2-standard-8']) {
    const offering = { ...ON_DEMAND, instanceType };
    const group = provider.groups?.groupOf(offering) ?? null;
    if (group === null) continue;
    await driven(target, provider.create(requestOf(target, NAME, offering, { groupSize: 2 }), signal()));
    await driven(target, provider.groups?.trim(group, ON_DEMAND, 1, signal()) ?? Promise.resolve());
  }
  pass(target, 5 * MINUTE_MS);
  target.endpoint.hidesFromLists = true;
  const [machine] = await driven(target, provider.list(CLUSTER, signal()));
  target.endpoint.interrupt(machine?.id ?? '', 'reclaim');
  await driven(target, provider.interruptions(CLUSTER, signal()));
  await driven(target, provider.terminate(machine?.id ?? '', ON_DEMAND, signal()));
}

/** The permissions of the role with this title, as docs/providers/gcp.md has it. */
async function roleInDocs(title: string): Promise<string[]> {
  const page = await readFile('docs/providers/gcp.md', 'utf8');
  const block = page.split('```').find((one) => one.includes(`title: ${title}\n`)) ?? '';
  return [...block.matchAll(/^ {2}- (\S+)$/gm)].map(([, permission]) => permission ?? '');
}

/** What a dry run finds granted; the last step lists. */
const granted = async (target: GcpTarget) =>
  (await dryRun(target.config))
    .slice(0, -1)
    .filter(({ outcome }) => outcome === 'ok')
    .map(({ operation }) => operation);

describe('gcp: the role', () => {
  it.each<[what: string, title: string, how: () => Promise<GcpTarget>, use: (target: GcpTarget) => Promise<void>]>([
    ['machines', 'Forescale machines', () => machines({ join: JOIN }), useMachines],
    ['groups', 'Forescale instance groups', groups, useGroups],
    ['node pools', 'Forescale node pools', () => open(openNodePool()), useGroups],
  ])('of %s is what is called, no more and no less, and what the dry run asks for', async (_what, title, how, use) => {
    const target = await how();
    await use(target);
    expect(await roleInDocs(title)).toEqual([...target.endpoint.operations].sort());
    expect(await granted(target)).toEqual(await roleInDocs(title));
  });

  it('what the configuration does not use needs no permission', async () => {
    const bare = { public_ip: undefined, service_account: undefined, network_tags: undefined };
    const target = await machines(bare);
    await useMachines(target);
    expect(await granted(target)).toEqual([...target.endpoint.operations].sort());
    expect(target.endpoint.operations).not.toContain('iam.serviceAccounts.actAs');
  });
});

describe('gcp: the dry run', () => {
  it('tells what is not granted, and makes nothing', async () => {
    const target = await machines();
    for (const one of ['compute.instances.delete', 'iam.serviceAccounts.actAs']) target.endpoint.withheld.add(one);
    const told = await dryRun(target.config);
    expect(told.filter(({ outcome }) => outcome !== 'ok')).toEqual([
      { operation: 'compute.instances.delete', outcome: 'not allowed in the project' },
      { operation: 'iam.serviceAccounts.actAs', outcome: 'not in the project; maybe on the resource itself' },
    ]);
    expect(told.at(-1)).toEqual({ operation: 'instances.aggregatedList', outcome: 'ok' });
    expect(target.endpoint.running()).toEqual([]);
    expect(target.endpoint.inserted).toEqual([]);
  });

  it('tells why it is refused, step by step', async () => {
    const target = await machines();
    target.endpoint.failWith('compute.instances.aggregatedList', 'auth');
    expect((await dryRun(target.config)).at(-1)?.outcome).toMatch(/^fails: forbidden: /);
    target.endpoint.token = 'another';
    const outcomes = new Set((await dryRun(target.config)).map(({ outcome }) => outcome));
    expect([...outcomes]).toEqual(['fails: authError: Request had invalid authentication credentials.']);
  });
});
