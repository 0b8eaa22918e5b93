import { mkdir } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startChromium } from '../../dashboard/test/chromium.ts';
import { ForescaleProcess } from '../harness/process.ts';

let demo: ForescaleProcess;
let browser: Browser;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  demo = new ForescaleProcess(['demo', '--days', '0.5', '--speed', '40', '--port', '0']);
  const url = await demo.says(/page on (http:\S+)/, 'stdout');
  browser = await startChromium();
  page = await browser.newPage({ viewport: { width: 1_280, height: 1_130 } });
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
});

afterAll(async () => {
  await browser?.close();
  await demo?.interrupt();
});

test('page of the demo: charts, bounds and decisions of the running cluster, and time that moves', async () => {
  await page.getByText('Load against forecast').waitFor();
  await page.locator('canvas').first().waitFor();
  await page
    .getByText(/^(Add|Remove) /)
    .first()
    .waitFor({ timeout: 60_000 });
  const before = await page.locator('header').innerText();
  await expect.poll(() => page.locator('header').innerText(), { timeout: 20_000 }).not.toBe(before);
  await mkdir('test-results', { recursive: true });
  await page.screenshot({ path: 'test-results/demo-page.png' });
  expect(complaints).toEqual([]);
});
