import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { integerOption } from '@forescale/cli/output';
import { startProcess } from '@forescale/cli/runtime';
import { parseConfig } from '@forescale/shared/config';
import { createSimulatedCluster } from '@forescale/simulator/cluster';
import type { Browser } from 'playwright-core';
import { type RunBenchmark, textFlag } from '../benchmark.ts';
import { table } from '../table.ts';
import { openChromium, type Smoothness, WatchedPage } from './browser.ts';
import { fillStore, POOL, SIGNAL } from './filled-store.ts';

const DESKTOP = { width: 1_440, height: 1_000 };
const PHONE = { width: 390, height: 844 };
/** A phone of the middle class beside this machine. */
const PHONE_SLOWDOWN = 4;
const BYTES_MAX = 300_000;
const PICTURE_MS_MAX = 1_000;
/** Above it a task keeps a user waiting, by the field's own word: a long task. */
const TASK_MS_MAX = 50;
const STEPS = 120;
const LIVE_MS = 3_000;

/** The page of a real actuator on days of 1-min data: what it loads, when it is seen, and whether it keeps up. */
export const run: RunBenchmark = async (flags, stage) => {
  const days = integerOption('--days', textFlag(flags, 'days') ?? '30', 1, 400);
  const closing: (() => Promise<unknown>)[] = [];
  try {
    const directory = await mkdtemp(join(tmpdir(), 'forescale-bench-'));
    closing.push(() => rm(directory, { recursive: true, force: true }));
    const points = await fillStore(join(directory, 'store.db'), days, Date.now());
    stage.say(`${points} points of ${days} days are in the store`);
    const url = await serve(directory, closing);
    const browser = await openChromium();
    closing.push(() => browser.close());
    stage.progress(1, 4);
    const empty = await emptyPage(browser);
    const wide = await measure(browser, url, DESKTOP, 1);
    stage.progress(2, 4);
    const narrow = await measure(browser, url, PHONE, PHONE_SLOWDOWN);
    stage.progress(3, 4);
    const rows = [
      ...wide.map((row) => ({ page: 'desktop', ...row })),
      ...narrow.map((row) => ({ page: `phone, processor ${PHONE_SLOWDOWN} times slower`, ...row, limit: null })),
      { page: 'an empty page, for comparison', what: 'frame, p99', value: empty.frameMsP99, unit: 'ms', limit: null },
    ];
    return { rows, summary: [], words: table(rows, COLUMNS) };
  } finally {
    for (const close of closing.toReversed()) await close();
  }
};

const COLUMNS = [
  { key: 'page' },
  { key: 'what' },
  { key: 'value', digits: 1 },
  { key: 'unit' },
  { key: 'limit', digits: 0 },
];

/** The actuator as its command starts it, in this process: what holds up its event loop holds up its ticks. */
async function serve(directory: string, closing: (() => Promise<unknown>)[]): Promise<string> {
  const allocatable = { cpuMillicores: 4_000, memoryBytes: 8 * 2 ** 30, pods: 58, gpus: 0 };
  const offering = { instanceType: 'small', zone: 'a', capacityType: 'on_demand' } as const;
  const cluster = createSimulatedCluster({
    ...{ seed: 1, startMs: Date.now(), namespaces: ['forescale'] },
    offerings: [{ ...offering, usdPerHour: 0.1, allocatable, boot: { kind: 'fixed', ms: 60_000 } }],
  });
  const server = await cluster.listen();
  closing.push(() => server.close());
  const config = parseConfig(
    `autoscaler:
  data_dir: ${JSON.stringify(directory)}
  store: { kind: sqlite, path: ${JSON.stringify(join(directory, 'store.db'))} }
  kubernetes: { url: "${server.url}" }
  telemetry: { log_level: error }
  http: { port: 0, requests_per_minute: 1000000 }
  pools:
    - { name: ${POOL}, mode: observe, provider: none, capacity_per_node: 100, signals: [{ name: ${SIGNAL}, interval: 60s }] }
`,
    'bench',
    {},
  );
  const stop = new AbortController();
  const started = await startProcess(config, ['actuator']);
  const running = started.run(stop.signal);
  closing.push(async () => {
    stop.abort();
    await running;
  });
  return started.url;
}

async function emptyPage(browser: Browser): Promise<Smoothness> {
  const watched = await WatchedPage.open(browser, DESKTOP);
  await watched.page.goto('data:text/html,<title>empty</title>');
  const smooth = await watched.during(() => watched.page.waitForTimeout(LIVE_MS));
  await watched.page.close();
  return smooth;
}

async function measure(browser: Browser, url: string, size: typeof DESKTOP, slowdown: number) {
  const watched = await WatchedPage.open(browser, size);
  const { page } = watched;
  await watched.slow(slowdown);
  await page.goto(url);
  const first = await watched.firstPictures();
  // With all data that the first pictures are made of.
  await page.waitForLoadState('networkidle');
  const { bytes, requests } = watched;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startMs = performance.now();
  const drawing = await watched.during(async () => {
    const answered = page.waitForResponse((response) => response.url().includes('/api/v1/history') && response.ok());
    await page.getByRole('button', { name: 'All', exact: true }).click();
    await answered;
    await page.waitForFunction(`document.querySelector('[data-range-s=""]').getAttribute('aria-pressed') === 'true'`);
    await page.waitForTimeout(LIVE_MS);
  });
  delay.disable();
  const drawnMs = performance.now() - startMs - LIVE_MS;
  const reading = await watched.during(() => readAcross(watched));
  await page.close();
  return [
    { what: 'loaded', value: bytes / 1_000, unit: 'kB', limit: BYTES_MAX / 1_000 },
    { what: 'requests', value: requests, unit: '', limit: null },
    { what: 'first content', value: first.contentMs, unit: 'ms', limit: PICTURE_MS_MAX },
    { what: 'first chart', value: first.chartMs, unit: 'ms', limit: PICTURE_MS_MAX },
    { what: 'all days asked for and drawn', value: drawnMs, unit: 'ms', limit: null },
    { what: 'all days: longest task of the page', value: drawing.longTaskMsMax, unit: 'ms', limit: TASK_MS_MAX },
    { what: 'all days: blocked', value: drawing.blockedMs, unit: 'ms', limit: null },
    { what: 'all days: actuator held up, most', value: delay.max / 1e6, unit: 'ms', limit: null },
    { what: 'reading across them: longest task', value: reading.longTaskMsMax, unit: 'ms', limit: TASK_MS_MAX },
    { what: 'reading across them: frame, p99', value: reading.frameMsP99, unit: 'ms', limit: null },
    { what: 'reading across them: frame, longest', value: reading.frameMsMax, unit: 'ms', limit: null },
  ];
}

/** The pointer goes over the first chart from left to right. */
async function readAcross({ page }: WatchedPage): Promise<void> {
  const box = await page.locator('.u-over').first().boundingBox();
  if (box === null) throw new Error('the page has no chart');
  for (let step = 0; step <= STEPS; step++) {
    await page.mouse.move(box.x + (box.width * step) / STEPS, box.y + box.height / 2);
    await page.waitForTimeout(8);
  }
}
