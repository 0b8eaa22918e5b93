import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { actionsOf } from '../../../services/actuator/src/providers/azure/role.ts';
import { CLUSTER, driven, namesOf, pass, requestOf, signal } from '../driver.ts';
import { opened } from './opened.ts';
import type { AzureTarget, Mode } from './target.ts';

const MINUTE_MS = 60_000;
const [NAME = '', OTHER = ''] = namesOf(2);

/** All that the provider ever does with Azure. */
async function everything(target: AzureTarget): Promise<void> {
  const { provider, endpoint, onDemand } = target;
  const create = (name: string, groupSize: number) =>
    driven(target, provider.create(requestOf(target, name, onDemand, { groupSize }), signal()));
  await create(NAME, 2);
  pass(target, MINUTE_MS);
  const [first] = await driven(target, provider.list(CLUSTER, signal()));
  await driven(target, provider.find(NAME, onDemand, signal()));
  await driven(target, provider.terminate(first?.id ?? '', onDemand, signal()));
  endpoint.sellOut(onDemand);
  for (let i = 0; i < 2; i++) {
    await create(OTHER, 5);
    pass(target, MINUTE_MS);
  }
  await driven(target, provider.groups?.trim('base', onDemand, 1, signal()) ?? Promise.resolve());
  await driven(target, provider.prices?.([onDemand], signal()) ?? Promise.resolve([]));
}

/** The actions of each role in the documentation, by the heading that it stands under. */
async function documented(heading: string): Promise<readonly string[]> {
  const text = await readFile(new URL('../../../docs/providers/azure.md', import.meta.url), 'utf8');
  const section = text.split(/^### /m).find((one) => one.startsWith(heading)) ?? '';
  const roles = [...section.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json = '']) => JSON.parse(json));
  return roles.flatMap(({ Actions }) => Actions as string[]);
}

describe('azure role', () => {
  it.each<[heading: string, modes: readonly Mode[]]>([
    ['Machines', ['machines']],
    ['Scale sets', ['uniform', 'flexible']],
    ['Node pools of AKS', ['aks']],
  ])('%s: the documented role allows what the provider does, and nothing else', async (heading, modes) => {
    const done = new Set<string>();
    let needed: readonly string[] = [];
    for (const mode of modes) {
      const target = await opened(mode);
      await everything(target);
      for (const operation of target.endpoint.operations) done.add(operation);
      needed = actionsOf(target.config);
    }
    expect([...done].sort()).toEqual([...needed].sort());
    expect([...(await documented(heading))].sort()).toEqual([...needed].sort());
  });

  it('a machine without a public address and a security group needs less', async () => {
    const { config } = await opened('machines');
    if (!config.machines) throw new Error('not of machines');
    const bare = { ...config, machines: { ...config.machines, publicIp: false, securityGroup: null } };
    const saved = actionsOf(config).filter((action) => !actionsOf(bare).includes(action));
    expect(saved.every((action) => /publicIPAddresses|networkSecurityGroups/.test(action))).toBe(true);
    expect(saved).toHaveLength(4);
  });
});
