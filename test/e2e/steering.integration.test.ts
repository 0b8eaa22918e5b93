import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ran } from '../cli/captured.ts';
import { writeConfig } from '../harness/config-file.ts';
import { createLoadedCluster, runInRealTime } from '../harness/loaded-cluster.ts';
import { ForescaleProcess } from '../harness/process.ts';
import { startRealServers } from '../harness/real-servers.ts';
import { eventually } from '../harness/waiting.ts';

const WITHIN_MS = 30_000;
const closing: (() => Promise<unknown>)[] = [];
const startMs = Date.now();
/** Pods for two nodes on two. */
const cluster = createLoadedCluster({ startMs, endMs: startMs, load: () => 200, bootMs: 1_000, initialNodes: 2 });
let config: string;

beforeAll(async () => {
  const { nats, influx, directory } = await startRealServers(closing);
  const real = await runInRealTime(cluster);
  closing.push(() => real.stop());
  const servers = { nats: nats.url, influx: influx.url };
  config = await writeConfig({ directory: directory.path, clusterUrl: real.url, clock: 'system', tick: '1s', servers });
}, 60_000);

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

const steer = (...args: readonly string[]) => ran(...args, '--config', config, '--by', 'ops', '--why', 'a test');

describe('pause and override over NATS, without a token', () => {
  it('is refused in one line while no actuator runs', async () => {
    const { code, stderr, stdout } = await steer('pause', 'web');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^forescale: forescale\.v1\.override\.web: [^\n]+\n$/);
  });

  it('is answered by the actuator, which does it', async () => {
    const actuator = await ForescaleProcess.service(['actuator', '--config', config]);
    closing.push(() => actuator.interrupt());
    const answered = () => steer('override', 'web', '--min', '4', '--for', '10m');
    const { stdout } = await eventually('an answer', WITHIN_MS, async () => {
      const answer = await answered();
      return answer.code === 0 && answer;
    });
    expect(stdout).toMatch(/^pool web: min 4 until \S+Z, by ops: a test\n$/);
    await eventually('four nodes', WITHIN_MS, () => cluster.cloud.counts().created >= 4);
  });
});
