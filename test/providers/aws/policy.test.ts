import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CLUSTER, driven, namesOf, pass, requestOf, signal } from '../driver.ts';
import { whyNoModels } from './service-model.ts';
import { type AwsTarget, openGroups, openMachines } from './target.ts';

const MINUTE_MS = 60_000;

/** Asked for by EC2 on behalf of a fleet, and called by nobody. */
const IMPLIED = ['ec2:CreateTags', 'ec2:RunInstances', 'iam:PassRole'];

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: unknown;
}

function policyOf(mode: 'machines' | 'groups'): readonly Statement[] {
  const text = readFileSync('docs/providers/aws.md', 'utf8');
  const [, json = ''] = new RegExp(`<!-- policy: ${mode} -->\n\`\`\`json\n(.*?)\n\`\`\``, 's').exec(text) ?? [];
  return (JSON.parse(json) as { readonly Statement: readonly Statement[] }).Statement;
}

const actionsOf = (statements: readonly Statement[]) => [...new Set(statements.flatMap(({ Action }) => Action))].sort();

/** The right that a call needs: several messages at once need that for one. */
const rights = ({ endpoint }: AwsTarget) =>
  [...endpoint.operations].map((operation) => operation.replace(/Batch$/, '')).sort();

/** What any provider does in its life, of both modes. */
async function live(target: AwsTarget): Promise<void> {
  const { provider, endpoint, onDemand, spot } = target;
  const [name = '', other = '', last = ''] = namesOf(3);
  const create = (one: string, labels = {}) =>
    driven(target, provider.create(requestOf(target, one, onDemand, { groupSize: 2, labels }), signal()));
  await create(name);
  pass(target, 2 * MINUTE_MS);
  await create(other);
  pass(target, 120 * MINUTE_MS);
  await create(last, { another: 'content' });
  const [machine] = await driven(target, provider.list(CLUSTER, signal()));
  if (!machine) throw new Error('no machine');
  await driven(target, provider.find(name, onDemand, signal()));
  endpoint.sellOut(onDemand);
  const sinceMs = target.clock.nowMs();
  for (let i = 0; i < 2; i++) {
    const request = requestOf(target, 'web-t3k9p2-none00', onDemand, { groupSize: 4, createdMs: sinceMs });
    await driven(target, provider.create(request, signal()));
    pass(target, 2 * MINUTE_MS);
  }
  await driven(target, provider.groups?.trim('us-east-1/web', onDemand, 0, signal()) ?? Promise.resolve());
  endpoint.interrupt(machine.id, 'rebalance');
  await driven(target, provider.interruptions(CLUSTER, signal()));
  await driven(target, provider.terminate(machine.id, machine.place, signal()));
  pass(target, 10 * MINUTE_MS);
  await driven(target, provider.interruptions(CLUSTER, signal()));
  await driven(target, provider.prices?.([onDemand, spot ?? onDemand], signal()) ?? Promise.resolve([]));
}

describe.skipIf(whyNoModels())('aws, the policies of the documentation', () => {
  it.each([
    ['machines', openMachines, IMPLIED],
    ['groups', openGroups, []],
  ] as const)('%s: allows what is called, and nothing else', async (mode, open, implied) => {
    const target = await open();
    try {
      await live(target);
      expect(actionsOf(policyOf(mode))).toEqual([...rights(target), ...implied].sort());
    } finally {
      await target.close();
    }
  });

  it('whatever makes or ends something is bound to the cluster, the group, the role or the queue', () => {
    const statements = [...policyOf('machines'), ...policyOf('groups')];
    for (const one of statements) {
      expect(one.Effect).toBe('Allow');
      const reads = [one.Action].flat().every((action) => /:(Describe|Get)/.test(action));
      expect(reads || one.Condition !== undefined || one.Resource !== '*').toBe(true);
    }
  });
});
