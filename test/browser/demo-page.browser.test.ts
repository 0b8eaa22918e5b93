import { mkdir } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startChromium } from '../../dashboard/test/chromium.ts';
import { ForescaleProcess } from '../harness/process.ts';

const WITHIN = { timeout: 60_000 };

let browser: Browser;
const open: ForescaleProcess[] = [];

beforeAll(async () => {
  browser = await startChromium();
});

afterAll(async () => {
  await browser?.close();
  for (const demo of open) await demo.interrupt();
});

/** Starts the demo and opens its page; `complaints` is what the console and the page say of errors. */
async function openDemo(environment: Record<string, string> = {}) {
  const args = ['demo', '--days', '0.3', '--speed', '40', '--port', '0'];
  const demo = new ForescaleProcess(args, environment);
  open.push(demo);
  const url = await demo.says(/page on (http:\S+)/, 'stdout');
  const page = await browser.newPage({ viewport: { width: 1_280, height: 1_130 } });
  const complaints: string[] = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  await page.getByText('Load against forecast').waitFor(WITHIN);
  return { page, demo, complaints };
}

/** Every chart as an image. */
async function drawings(page: Page): Promise<string[]> {
  return await page.evaluate<string[]>(
    "[...document.querySelectorAll('.plot canvas')].map((canvas) => canvas.toDataURL())",
  );
}

async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir('test-results', { recursive: true });
  await page.screenshot({ path: `test-results/${name}.png` });
}

describe('page of the demo', () => {
  test('charts that move with simulated time, and decisions with their reasons', async () => {
    const { page, demo, complaints } = await openDemo();
    const decision = page.getByText(/^(Add|Remove) /).first();
    await decision.waitFor(WITHIN);
    const before = { header: await page.locator('header').innerText(), charts: await drawings(page) };
    expect(before.charts).toHaveLength(3);
    await expect
      .poll(async () => {
        const now = await drawings(page);
        return before.charts.every((chart, index) => chart !== now[index]);
      }, WITHIN)
      .toBe(true);
    expect(await page.locator('header').innerText()).not.toBe(before.header);
    expect(await page.locator('#decisions li').count()).toBeGreaterThan(0);
    expect(await page.locator('#observe').isVisible()).toBe(false);
    await demo.says(/create .*: \d+ nodes for /, 'stdout');
    await screenshot(page, 'demo-page');
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('in mode observe it says that nothing is changed, and what would have been', async () => {
    const { page, complaints } = await openDemo({ DEMO_MODE: 'observe' });
    const notice = page.locator('#observe');
    await notice.waitFor(WITHIN);
    await expect
      .poll(() => notice.innerText(), WITHIN)
      .toMatch(/^Observe mode: nothing will be changed\. Would have: (added|removed) /);
    await screenshot(page, 'demo-page-observe');
    expect(complaints).toEqual([]);
    await page.close();
  });
});
