import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditEntry } from '@forescale/shared/telemetry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planDocumentSchema } from '../../services/actuator/src/api/schema.ts';
import { ran } from '../cli/captured.ts';
import { temporaryDirectory, writeConfig } from '../harness/config-file.ts';
import { createLoadedCluster, runInRealTime } from '../harness/loaded-cluster.ts';
import { ForescaleProcess } from '../harness/process.ts';
import { eventually } from '../harness/waiting.ts';

const WITHIN_MS = 30_000;
const TOKEN = 'correct-horse';

const closing: (() => Promise<unknown>)[] = [];
const startMs = Date.now();
/** Pods for five nodes on three. */
const cluster = createLoadedCluster({ startMs, endMs: startMs, load: () => 500, bootMs: 1_000, initialNodes: 3 });
let config: string;
let withoutToken: string;
let url: string;
let up: ForescaleProcess & { readonly url: string };

beforeAll(async () => {
  const [real, directory] = await Promise.all([runInRealTime(cluster), temporaryDirectory()]);
  closing.push(directory.remove, () => real.stop());
  const tokenFile = join(directory.path, 'token');
  await writeFile(tokenFile, `${TOKEN}\n`);
  const options = { directory: directory.path, clusterUrl: real.url, clock: 'system', tick: '1s' } as const;
  withoutToken = await writeConfig({ ...options, port: 1 });
  config = await writeConfig({ ...options, tokenFile });
  cluster.request('POST', '/api/v1/namespaces', { metadata: { name: 'forescale' } });
  cluster.request('POST', CONFIG_MAPS, { metadata: { name: 'forescale-web', annotations: { [PAUSED]: 'true' } } });
  up = await ForescaleProcess.service(['up', '--config', config]);
  closing.push(() => up.interrupt());
  url = up.url;
}, 60_000);

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

const CONFIG_MAPS = '/api/v1/namespaces/forescale/configmaps';
const PAUSED = 'forescale.dev/paused';
const MIN_NODES = 'forescale.dev/min-nodes';

/** Waits for a plan that is paused, and says by whom and why. */
function paused(words: string) {
  return eventually(words, WITHIN_MS, async () => {
    const response = await fetch(`${url}/api/v1/plan?pool=web`, { headers: { authorization: `Bearer ${TOKEN}` } });
    const { plan } = planDocumentSchema.parse(await response.json());
    return plan?.reasons.some(({ code, text }) => code === 'paused' && text === words);
  });
}

const steer = (...args: readonly string[]) => ran(...args, '--config', config, '--url', url, '--by', 'ops');

describe('up, all in one process: paused and overridden', () => {
  it('an annotation pauses from the first tick on, and its removal resumes', async () => {
    await paused('paused by ConfigMap forescale/forescale-web: an annotation says so');
    expect(cluster.cloud.counts().created).toBe(3);
    cluster.request('PATCH', `${CONFIG_MAPS}/forescale-web`, { metadata: { annotations: { [PAUSED]: null } } });
    await eventually('the missing nodes', WITHIN_MS, () => cluster.cloud.counts().created >= 5);
  });

  it('the metrics show a part that is not ready, as /readyz does', async () => {
    const ready = async () => {
      const headers = { authorization: `Bearer ${TOKEN}` };
      const text = await (await fetch(`${url}/metrics`, { headers })).text();
      return /^forescale_ready(?:\{.*\})? (\d)$/m.exec(text)?.[1];
    };
    await eventually('readiness', WITHIN_MS, async () => (await ready()) === '1');
    const annotate = (by: string | null) =>
      cluster.request('PATCH', `${CONFIG_MAPS}/forescale-web`, { metadata: { annotations: { [MIN_NODES]: by } } });
    annotate('many');
    await eventually('a note that cannot be read', WITHIN_MS, async () => (await ready()) === '0');
    annotate(null);
    await eventually('readiness again', WITHIN_MS, async () => (await ready()) === '1');
  });

  it('pause, override and resume say what holds, and it does', async () => {
    const answer = await steer('pause', 'web', '--why', 'incident', '--for', '30m');
    expect(answer).toMatchObject({ code: 0, stderr: '' });
    expect(answer.stdout).toMatch(/^pool web: paused until \S+Z, by ops: incident\n$/);
    await paused('paused by ops: incident');
    const override = await steer('override', 'web', '--min', '7', '--why', 'launch', '--json', '-');
    expect(JSON.parse(override.stdout)).toMatchObject({ pool: 'web', what: expect.stringMatching(/^min 7 until /) });
    await paused('paused by ops: incident');
    expect(await steer('resume', 'web')).toMatchObject({ code: 0, stdout: 'pool web: resumed, by ops: resumed\n' });
    await eventually('seven nodes', WITHIN_MS, () => cluster.cloud.counts().created >= 7);
    expect(await steer('override', 'web', '--clear', '--why', 'over')).toMatchObject({
      stdout: 'pool web: bounds as configured, by ops: over\n',
    });
  });

  it('each of them is a line of the audit, and so is each machine that came of it', () => {
    const lines = up.stderr.split('\n').filter((line) => line.includes('"audit":true'));
    const entries = lines.map((line) => JSON.parse(line) as AuditEntry);
    const map = 'ConfigMap forescale/forescale-web';
    const told = entries.filter(({ action }) => action === 'override');
    const [http, annotations] = ['http 127.0.0.1', 'annotations'];
    expect(told.map(({ by, via, outcome, before, after }) => [by, via, outcome, before, after])).toEqual([
      [map, annotations, 'done', 'none', 'paused'],
      [map, annotations, 'done', 'paused', 'none'],
      ['ops', http, 'done', 'none', 'paused'],
      ['ops', http, 'done', 'paused', 'paused, min 7'],
      ['ops', http, 'done', 'paused, min 7', 'min 7'],
      ['ops', http, 'done', 'min 7', 'none'],
    ]);
    const made = entries.filter(({ action, outcome }) => action === 'create machine' && outcome === 'done');
    expect(made.length).toBeGreaterThanOrEqual(4);
    expect(up.stderr).not.toContain(TOKEN);
  });

  it.each<[string, readonly string[], RegExp, number]>([
    ['a pool of another name', ['pause', 'wob', '--why', 'x'], /pool = "wob"; allowed: web$/, 2],
    ['half a node', ['override', 'web', '--min', '1.5', '--why', 'x'], /--min = "1.5"; allowed: a whole number/, 2],
    ['no bound', ['override', 'web', '--why', 'x'], /allowed with --min, --max or --clear$/, 2],
    ['a bound and none', ['override', 'web', '--clear', '--max', '3', '--why', 'x'], /--clear: allowed without/, 2],
    ['no duration', ['pause', 'web', '--why', 'x', '--for', 'long'], /--for = "long"; allowed: a duration/, 2],
    ['no time', ['pause', 'web', '--why', 'x', '--until', '18:00'], /--until = "18:00"; allowed: a time such as/, 2],
    [
      'two ends',
      ['pause', 'web', '--why', 'x', '--until', '18:00', '--for', '1h'],
      /--until: allowed without --for$/,
      2,
    ],
    [
      'too long',
      ['pause', 'web', '--why', 'x', '--for', '40d'],
      /--for = "40d"; allowed: a duration of at most 31d/,
      2,
    ],
    [
      'min above max',
      ['override', 'web', '--min', '5', '--max', '2', '--why', 'x'],
      /--min = 5: allowed: at most max, /,
      2,
    ],
  ])('refuses %s in one line', async (_what, args, message, code) => {
    const result = await steer(...args);
    expect(result.stderr).toMatch(/^forescale: [^\n]+\n$/);
    expect(result.stderr.trim()).toMatch(message);
    expect(result).toMatchObject({ code, stdout: '' });
  });

  it('says what is missing where there is no token, and where nobody answers', async () => {
    const none = await ran('pause', 'web', '--why', 'x', '--config', withoutToken);
    expect(none).toMatchObject({ code: 2, stdout: '' });
    expect(none.stderr).toMatch(
      /^forescale: autoscaler.http.token_file is not set: a change over HTTP needs [^\n]+\n$/,
    );
    const nobody = await ran('pause', 'web', '--why', 'x', '--config', config, '--url', 'http://127.0.0.1:1');
    expect(nobody).toMatchObject({ code: 1, stdout: '' });
    expect(nobody.stderr).toMatch(/^forescale: http:\/\/127.0.0.1:1: the actuator does not answer: [^\n]+\n$/);
  });
});
