import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startChromium } from './chromium.ts';
import { type Knobs, startFixture } from './fixture-server.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await startChromium();
});
afterAll(async () => await browser.close());

/** Opens the page over a fixture; `problems` collects what the console and the page complain of. */
async function open(knobs: Partial<Knobs> = {}, options: BrowserContextOptions = {}) {
  const fixture = await startFixture(knobs);
  const context = await browser.newContext({ timezoneId: 'UTC', viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  await page.goto(fixture.url);
  const close = async () => {
    await context.close();
    await fixture.close();
  };
  return { page, problems, fixture, close };
}

const drawn = (page: Page) => page.locator('#decisions li').first().waitFor();

/** How many colours each chart's canvas shows: a blank one shows one. */
async function coloursOf(page: Page): Promise<number[]> {
  return await page.locator('.plot canvas').evaluateAll((canvases) =>
    canvases.map((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const { data } = (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height) ?? {
        data: [],
      };
      return new Set(new Uint32Array(Uint8ClampedArray.from(data).buffer)).size;
    }),
  );
}

const text = async (page: Page, selector: string) =>
  (await page.locator(selector).innerText()).replaceAll('\u00a0', ' ');

/** The WCAG contrast of an element's text on the nearest ground behind it. */
async function contrastOf(page: Page, selector: string): Promise<number> {
  return await page
    .locator(selector)
    .first()
    .evaluate((element) => {
      const channels = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number);
      const luminance = (colour: string) => {
        const [r = 0, g = 0, b = 0] = channels(colour)
          .slice(0, 3)
          .map((value) => (value <= 10 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      let behind: Element | null = element;
      while (behind && (channels(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0)
        behind = behind.parentElement;
      const ground = luminance(getComputedStyle(behind ?? document.body).backgroundColor);
      const ink = luminance(getComputedStyle(element).color);
      return (Math.max(ground, ink) + 0.05) / (Math.min(ground, ink) + 0.05);
    });
}

/** What axe has to say against it. */
async function violationsOf(page: Page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  return violations;
}

describe('what if', () => {
  test('by keyboard alone: opened, chosen, turned, and answered in words that are read aloud', async () => {
    const { page, problems, close } = await open();
    await drawn(page);
    await page.locator('#what-if summary').focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => text(page, '#knob-shown')).toBe('2 nodes, as it is');
    expect(await page.locator('#knob option').allTextContents()).toEqual([
      'Least number of nodes',
      'How long a node stays unneeded',
    ]);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('knob-value');
    await page.keyboard.press('ArrowRight');
    expect(await text(page, '#knob-shown')).toBe('3 nodes');
    expect(await page.locator('#knob-value').getAttribute('aria-valuetext')).toBe('3 nodes');
    await expect
      .poll(() => text(page, '#what-if-answer'))
      .toBe('The last 24 h would have cost $45.00 ($5.00 more), and missed nothing.');
    expect(await violationsOf(page)).toEqual([]);
    expect(problems).toEqual([]);
    await close();
  });

  test('says why there is no answer, and nothing is asked for while it is closed', async () => {
    const { page, fixture, close } = await open();
    const asked: string[] = [];
    page.on('request', (request) => void (request.url().includes('what-if') && asked.push(request.url())));
    await drawn(page);
    expect(asked).toEqual([]);
    await page.locator('#what-if summary').click();
    await expect.poll(() => text(page, '#knob-shown')).toBe('2 nodes, as it is');
    fixture.knobs.failure = { status: 503, error: 'there is not enough history to replay' };
    await page.locator('#knob-value').press('ArrowLeft');
    await expect.poll(() => text(page, '#what-if-answer')).toBe('No answer: there is not enough history to replay.');
    await close();
  });
});

describe('the page', () => {
  test('draws three charts, tiles and decisions, and nothing complains', async () => {
    const { page, problems, close } = await open();
    await drawn(page);
    await expect
      .poll(() => coloursOf(page))
      .toSatisfy((counts: number[]) => counts.length === 3 && counts.every((n) => n > 4));
    expect(await page.locator('.tile').count()).toBe(6);
    expect(await page.locator('#decisions li').count()).toBe(9);
    expect(await text(page, '#decisions li:first-child strong')).toMatch(/^(Add 1 node|Remove pool-web-)/);
    expect(await text(page, '#load-sentence')).toMatch(/^Load is [\d,]+ req\/s, (inside|above|below) the/);
    expect(await text(page, '#cost-sentence')).toMatch(/saved\.$/);
    expect(await page.locator('#observe').isVisible()).toBe(false);
    expect(await text(page, '#mode')).toMatch(/^enforce$/i);
    expect(problems).toEqual([]);
    await close();
  });

  test('goes with the time of the service, and knows that it is simulated', async () => {
    const { page, close } = await open({ minutesPerPoll: 5 });
    await drawn(page);
    const before = await text(page, '#now');
    await expect.poll(() => text(page, '#now')).not.toBe(before);
    await expect.poll(() => text(page, '#pace')).toMatch(/^Simulated time ×/);
    await close();
  });

  test('in observe mode a banner says that nothing is changed, and what would have been', async () => {
    const { page, close } = await open({ mode: 'observe' });
    await drawn(page);
    expect(await text(page, '#observe')).toMatch(
      /^Observe mode: nothing will be changed\. Would have: (added|removed) 1 node: /,
    );
    expect(await text(page, '#decisions li:first-child strong')).toMatch(/^Would /);
    await close();
  });

  test('a lost connection is said with its reason, and is over when answers come again', async () => {
    const { page, fixture, close } = await open();
    await drawn(page);
    fixture.knobs.failure = { status: 503, error: 'the store cannot be reached' };
    await page.locator('#lost').waitFor();
    expect(await text(page, '#lost')).toMatch(
      /^Connection lost: the store cannot be reached\. What you see is from Tue 6 May/,
    );
    expect(await text(page, '#pace')).toBe('Not connected');
    expect(await page.locator('#token-form').isVisible()).toBe(false);
    fixture.knobs.failure = null;
    await page.locator('#lost').waitFor({ state: 'hidden' });
    await close();
  });

  test('a service that is gone is said to be gone', async () => {
    const { page, close } = await open();
    await drawn(page);
    await page.context().setOffline(true);
    await page.locator('#lost').waitFor();
    expect(await text(page, '#lost')).toMatch(/the service cannot be reached/);
    await close();
  });

  test('a token is asked for when the service wants one, and sent from then on', async () => {
    const { page, fixture, close } = await open({ failure: { status: 401, error: 'token' } });
    await page.locator('#token-form').waitFor();
    expect(await text(page, '#lost-title')).toBe('Not connected:');
    fixture.knobs.failure = null;
    await page.fill('#token', 'secret');
    const asked = page.waitForRequest((request) => request.headers().authorization === 'Bearer secret');
    await page.click('#token-form button');
    await asked;
    await drawn(page);
    await close();
  });

  test('pools and ranges can be chosen', async () => {
    const { page, problems, close } = await open();
    await drawn(page);
    const asked = page.waitForRequest((request) => /history\?pool=batch/.test(request.url()));
    await page.selectOption('#pool', 'batch');
    await asked;
    await page.locator('#signal-field').waitFor({ state: 'hidden' });
    await page.click('#ranges button:has-text("All")');
    await expect.poll(() => text(page, '#cost-sentence')).toMatch(/spent in 1[12] d/);
    expect(await page.locator('#ranges [aria-pressed="true"]').innerText()).toBe('All');
    expect(problems).toEqual([]);
    await close();
  });
});

describe('keyboard and screen reader', () => {
  test('arrow keys move the cursor of all charts and read the values out', async () => {
    const { page, close } = await open({ minutesPerPoll: 0 });
    await drawn(page);
    await page.focus('.plot-nodes');
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => text(page, '#reading')).toMatch(/^Values of Tue 6 May, \d\d:\d\d$/);
    await expect
      .poll(() => page.locator('#cursor-announcer').textContent())
      .toMatch(/: Ceiling \d+, Floor \d+, .*Wanted \d+$/);
    await close();
  });

  test('every chart has its values as a table', async () => {
    const { page, close } = await open();
    await drawn(page);
    await page.click('#charts details summary >> nth=0');
    await expect.poll(() => page.locator('#charts table >> nth=0').locator('tbody tr').count()).toBe(12);
    expect(await page.locator('#charts table >> nth=0').locator('th[scope=col]').count()).toBe(6);
    await close();
  });

  test('there are landmarks, one first heading, names on every control, and no id twice', async () => {
    const { page, close } = await open();
    await drawn(page);
    for (const role of ['banner', 'main', 'complementary', 'contentinfo'] as const) {
      expect(await page.getByRole(role).count(), role).toBe(1);
    }
    expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
    expect(await page.getByRole('heading', { level: 2 }).count()).toBe(7);
    const unnamed = await page.locator('button, select, input').evaluateAll((controls) =>
      controls
        .filter((control) => {
          const labels = (control as HTMLInputElement).labels?.length ?? 0;
          return labels === 0 && !control.getAttribute('aria-label') && !control.textContent?.trim();
        })
        .map((control) => control.outerHTML),
    );
    expect(unnamed).toEqual([]);
    const ids = await page.locator('[id]').evaluateAll((elements) => elements.map((element) => element.id));
    expect(ids.length).toBe(new Set(ids).size);
    await close();
  });
});

describe('sources of samples', () => {
  test('in words, those first that are not well; left out where no collector was heard of', async () => {
    const { page, problems, fixture, close } = await open();
    await page.locator('.source-row').first().waitFor();
    const rows = await page.locator('#sources-card li').allInnerTexts();
    expect(rows.map((row) => row.replaceAll('\u00a0', ' ').split(/\n+/))).toEqual([
      ['prometheus main', 'Away: prometheus:9090: ECONNREFUSED'],
      ['nats', 'Stale: web/requests: the newest is 12m old; 3 refused'],
      ['kubernetes', expect.stringMatching(/^Newest .* ago$/)],
    ]);
    expect(await page.getByRole('region', { name: 'Sources' }).isVisible()).toBe(true);
    fixture.knobs.heard = false;
    await page.locator('#sources-card').waitFor({ state: 'hidden' });
    expect(problems).toEqual([]);
    await close();
  });
});

describe('what axe finds', () => {
  test.each(['light', 'dark'] as const)('%s: nothing, on a desk and on a phone', async (colorScheme) => {
    for (const viewport of [
      { width: 1280, height: 900 },
      { width: 360, height: 740 },
    ]) {
      const { page, close } = await open({ mode: 'observe' }, { colorScheme, viewport, reducedMotion: 'reduce' });
      await drawn(page);
      await page.locator('.source-row').first().waitFor();
      await page.click('#charts details summary >> nth=0');
      const violations = await violationsOf(page);
      const found = violations.map(
        ({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map((one) => one.html).join(' | ')}`,
      );
      expect(found).toEqual([]);
      await close();
    }
  });
});

describe('looks', () => {
  test.each(['light', 'dark'] as const)(
    '%s: the system decides, the button overrules, texts have contrast',
    async (colorScheme) => {
      const { page, close } = await open({ mode: 'observe' }, { colorScheme });
      await drawn(page);
      const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
      expect(await theme()).toBe(colorScheme);
      for (const selector of [
        '.tile dt',
        '.sentence',
        '.entry dt',
        '.needs p',
        '.decision time',
        '.clock',
        '#observe p',
        '.badge',
        '.segmented [aria-pressed=true]',
      ]) {
        expect(await contrastOf(page, selector), selector).toBeGreaterThan(4.5);
      }
      await page.click('#theme');
      expect(await theme()).not.toBe(colorScheme);
      await page.reload();
      expect(await theme()).not.toBe(colorScheme);
      await close();
    },
  );

  test('on a phone nothing runs out of the screen', async () => {
    const { page, close } = await open({ mode: 'observe' }, { viewport: { width: 360, height: 740 } });
    await drawn(page);
    await page.click('#charts details summary >> nth=0');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await page.setViewportSize({ width: 740, height: 360 });
    await expect
      .poll(() =>
        page
          .locator('.plot canvas')
          .first()
          .evaluate((canvas) => canvas.clientWidth),
      )
      .toBeGreaterThan(600);
    await close();
  });

  test('nothing moves for who asked for less motion', async () => {
    const { page, close } = await open({}, { reducedMotion: 'reduce' });
    await drawn(page);
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
    await close();
  });
});

test('the first picture comes soon, and no task blocks the page for long at the pace of the demo', async () => {
  const { page, close } = await open();
  await drawn(page);
  const firstMs = await page.evaluate(() => performance.now());
  await page.evaluate(() => {
    const tasks: number[] = [];
    Object.assign(globalThis, { tasks });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) tasks.push(entry.duration);
    }).observe({ type: 'longtask' });
  });
  const before = await text(page, '#now');
  for (let i = 0; i < 6; i++) {
    const shown = await text(page, '#now');
    await expect.poll(() => text(page, '#now')).not.toBe(shown);
  }
  expect(await text(page, '#now')).not.toBe(before);
  const longest = await page.evaluate(() => Math.max(0, ...(globalThis as unknown as { tasks: number[] }).tasks));
  expect(firstMs).toBeLessThan(3_000);
  expect(longest).toBeLessThan(200);
  await close();
});
