import { describe, expect, it } from 'vitest';
import { GIB, Lab, SMALL, START_MS } from '../cluster/lab.ts';
import type { TraceWorkloadOptions } from './trace-workload.ts';

const MINUTE_MS = 60_000;

/** One sample a minute, the first at the start. A pod serves 10; four of them fit on a node. */
function lab(values: number[], change: Partial<TraceWorkloadOptions> = {}, nodes = 2): Lab {
  const series = {
    timesMs: Float64Array.from(values, (_, i) => START_MS + i * MINUTE_MS),
    values: Float64Array.from(values),
  };
  const requests = { cpuMillicores: 1000, memoryBytes: GIB };
  return new Lab({
    initialNodes: [{ offering: SMALL, count: nodes }],
    workload: { series, valuePerPod: 10, requests, ...change },
  });
}

describe('trace workload', () => {
  it('has the replicas that the last sample asks for, within bounds', () => {
    const it = lab([25, 40.1, 0, 1_000], { replicasMin: 2, replicasMax: 6 });
    const replicas = () => it.deployment('workload').spec.replicas;
    expect(replicas()).toBe(3);
    it.pass(MINUTE_MS - 1);
    expect(replicas()).toBe(3);
    it.pass(1);
    expect(replicas()).toBe(5);
    it.pass(MINUTE_MS);
    expect(replicas()).toBe(2);
    it.pass(MINUTE_MS);
    expect(replicas()).toBe(6);
    it.pass(10 * MINUTE_MS);
    expect(replicas()).toBe(6);
  });

  it('leaves unmet what running pods do not serve, and adds it up to the millisecond', () => {
    // A pod runs 2 s after it was asked for: 3 pods' worth for 2 s; from 60 s on 10 more than the 8 that fit.
    const it = lab([30, 180]);
    it.pass(1_000);
    expect(it.cluster.workload?.unmet()).toBe(30);
    it.pass(1_000);
    expect(it.cluster.workload?.unmet()).toBe(0);
    it.pass(118_000);
    const unmet = 30 * 2 + (180 - 30) * 2 + (180 - 80) * 58;
    const demand = 30 * 60 + 180 * 60;
    expect(it.cluster.workload?.summary()).toMatchObject({ demand: 180, served: 80, unmet: 100, replicas: 18 });
    expect(it.cluster.workload?.summary().unmetDemandShare).toBeCloseTo(unmet / demand, 12);
    expect(it.cluster.workload?.summary().shortageTimeShare).toBeCloseTo(62 / 120, 12);
  });

  it('is not served by pods whose machine has vanished, though the API still calls them Running', () => {
    const it = lab([80]);
    it.pass(10_000);
    expect(it.cluster.workload?.unmet()).toBe(0);
    it.cluster.cloud.terminate(it.cluster.cloud.list()[0]?.id ?? '');
    expect(it.pods().every((pod) => pod.status.phase === 'Running')).toBe(true);
    expect(it.cluster.workload?.unmet()).toBe(40);
  });

  it('shows its use in the metrics', () => {
    const it = lab([30]);
    it.pass(10_000);
    expect(it.cluster.workload?.usageShare()).toBe(1);
    const { body } = it.cluster.request('GET', '/apis/metrics.k8s.io/v1beta1/namespaces/default/pods');
    const { items } = JSON.parse(body) as { items: { containers: { usage: { cpu: string } }[] }[] };
    expect(items.map(({ containers }) => containers[0]?.usage.cpu)).toEqual(Array(3).fill('1000000000n'));
  });

  it('guards its pods with a budget when asked', () => {
    const it = lab([40], { maxUnavailable: 1 });
    it.pass(5_000);
    const names = it.pods().map((pod) => pod.metadata.name);
    expect(names.map((name) => it.evict(name))).toEqual([201, 429, 429, 429]);
  });

  it('is the same whatever the steps are', () => {
    const values = Array.from({ length: 60 }, (_, i) => 40 + 30 * Math.sin(i / 5));
    const run = (stepMs: number) => {
      const it = lab(values);
      for (let ms = 0; ms < 60 * MINUTE_MS; ms += stepMs) it.pass(stepMs);
      return it.fingerprint();
    };
    const expected = run(MINUTE_MS);
    expect(run(10_000)).toEqual(expected);
    expect(run(10 * MINUTE_MS)).toEqual(expected);
  });

  it('refuses pods that serve nothing', () => {
    expect(() => lab([1], { valuePerPod: 0 })).toThrow(RangeError);
  });
});
