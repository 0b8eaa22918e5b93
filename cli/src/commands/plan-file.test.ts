import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EMPTY_MEMORY, type PlanState } from '@forescale/actuator/plan';
import { type PoolConfig, parseConfig } from '@forescale/shared/config';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../../../test/harness/config-file.ts';
import { readPlanFile } from './plan-file.ts';

const POOL = parseConfig('autoscaler: {pools: [{name: web}]}', 'test', {}).pools[0] as PoolConfig;
const NOON = Date.UTC(2026, 2, 3, 12);

it('a state that was written is read as it was: rules of pods, lead times and learned capacities included', async () => {
  const requirements = [{ key: 'app', operator: 'In' as const, values: ['web'] }];
  const near = { topologyKey: 'kubernetes.io/hostname', pods: { namespaces: ['default'], requirements } };
  const state: PlanState = {
    nodes: [],
    starting: [],
    pendingPods: [
      {
        namespace: 'default',
        name: 'p',
        uid: 'u',
        createdMs: NOON,
        nodeName: null,
        phase: 'Pending',
        unschedulable: true,
        terminating: false,
        requests: { cpuMillicores: 500, memoryBytes: 1, pods: 1, gpus: 0 },
        labels: { app: 'web' },
        annotations: {},
        nodeSelector: {},
        tolerations: [],
        rules: {
          nodeTerms: [requirements],
          apartFrom: [near],
          besides: [{ ...near, pods: { namespaces: null, requirements } }],
          spread: [{ ...near, maxSkew: 2 }],
        },
        priority: 0,
        ownerKind: null,
        localStorage: false,
      },
    ],
    readings: [],
    unreadForecasts: [],
    leadTimeMs: 180_000,
    leadTimes: { 'm/local/a/spot': { p95Ms: 90_000, nodes: 7 } },
    capacities: [{ signal: 'rps', perNode: null, why: 'the signal never changed' }],
    held: { replicas: 3, size: { cpuMillicores: 900, memoryBytes: 1, gpus: 0 }, generation: 7, problem: null },
    tickMs: 60_000,
    cluster: { nodes: 0, unready: 0 },
    override: null,
    memory: EMPTY_MEMORY,
  };
  const { path, remove } = await temporaryDirectory();
  try {
    const file = join(path, 'state.json');
    await writeFile(file, JSON.stringify({ pools: { web: { at_ms: NOON, state, forecasts: [] } } }));
    expect(await readPlanFile(file, POOL)).toEqual({ nowMs: NOON, state, forecasts: [] });
  } finally {
    await remove();
  }
});
