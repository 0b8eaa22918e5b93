import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { POOL_LABEL } from '@forescale/shared/config';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { historySchema, planDocumentSchema } from '../../services/actuator/src/api/schema.ts';
import { temporaryDirectory, writeConfig } from '../harness/config-file.ts';
import { createLoadedCluster, runInRealTime } from '../harness/loaded-cluster.ts';
import { ForescaleProcess } from '../harness/process.ts';
import { eventually } from '../harness/waiting.ts';

const WITHIN_MS = 60_000;
const NODES = 11;

interface OldRecord {
  readonly requestId: string;
  readonly clusterTag: string;
  readonly machineIds: readonly string[];
}

const closing: (() => Promise<unknown>)[] = [];
const startMs = Date.now();
/** Of pods for as many nodes as there are. */
const cluster = createLoadedCluster({
  ...{ startMs, endMs: startMs, load: () => 100 * (NODES - 1), initialNodes: 2, bootMs: 1_000 },
});
let directory: string;
let up: ForescaleProcess & { readonly url: string };

/**
 * The state and the store of a process of 2026-11-24, as it left them when it was killed: two nodes that it had adopted, nine that it
 * had made. The cloud and the cluster of this test have the same.
 */
beforeAll(async () => {
  const { path, remove } = await temporaryDirectory();
  directory = path;
  closing.push(remove);
  for (const name of ['state', 'store']) {
    const file = new DatabaseSync(join(path, `${name}.db`));
    file.exec(readFileSync(`test/upgrade/${name}-2026-11-24.sql`, 'utf8'));
    file.close();
  }
  const { url, stop } = await runInRealTime(cluster);
  closing.push(stop);
  makeMachines();
  const options = { directory, clusterUrl: url, clock: 'system', tick: '1s', interval: '1s' } as const;
  up = await ForescaleProcess.service(['up', '--config', await writeConfig(options)]);
  closing.push(() => up.interrupt());
}, 120_000);
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
});

function records(): readonly OldRecord[] {
  const file = new DatabaseSync(join(directory, 'state.db'), { readOnly: true });
  const rows = file.prepare("SELECT value FROM entry WHERE key LIKE 'node.web.%' ORDER BY key").all();
  file.close();
  return rows.map(({ value }) => JSON.parse(new TextDecoder().decode(value as Uint8Array)) as OldRecord);
}

/** Those of the journal that the cluster does not begin with, in the order in which they were made. */
function makeMachines(): void {
  const made = records().filter(({ requestId }) => !requestId.startsWith('web-initial'));
  const inOrder = made.toSorted((a, b) => ((a.machineIds[0] ?? '') < (b.machineIds[0] ?? '') ? -1 : 1));
  for (const { requestId, machineIds } of inOrder) {
    const { id } = cluster.cloud.create({
      ...{ requestId, token: requestId, nodeName: requestId, clusterTag: cluster.clusterId, pool: 'web', taints: [] },
      offering: { instanceType: 'small', region: 'local', zone: 'a', capacityType: 'on_demand' },
      labels: { role: 'web', [POOL_LABEL]: 'web' },
    });
    expect([id]).toEqual(machineIds);
  }
}

const running = () => cluster.cloud.list({ clusterTag: cluster.clusterId });

it('a journal and a store of an earlier version are gone on with: no node is made twice, none is lost', async () => {
  const before = records().map(({ requestId }) => requestId);
  expect(before).toHaveLength(NODES);
  const { generation } = await eventually('it has planned a few times', WITHIN_MS, async () => {
    const { plan } = planDocumentSchema.parse(await (await fetch(`${up.url}/api/v1/plan?pool=web`)).json());
    return plan !== null && plan.ready === NODES && plan.generation > 25 ? plan : null;
  });
  // Plans are counted on from where it stopped.
  expect(generation).toBeGreaterThan(17);
  expect(records().map(({ requestId }) => requestId)).toEqual(expect.arrayContaining(before));
  const known = new Set(records().flatMap(({ machineIds }) => machineIds));
  expect(running().filter(({ id }) => !known.has(id))).toEqual([]);
  expect(running().length).toBe(NODES);
});

it('what was measured then is still shown', async () => {
  const from = Date.UTC(2026, 10, 27, 8) / 1_000;
  const url = `${up.url}/api/v1/history?pool=web&signal=load&from=${from}&to=${from + 120}`;
  const history = historySchema.parse(await (await fetch(url)).json());
  expect(history.usd_per_hour.some((usd) => usd !== null)).toBe(true);
});
