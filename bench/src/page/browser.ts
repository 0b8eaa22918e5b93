import { fileURLToPath } from 'node:url';
import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core';

/** Debian's Chromium, kept from calling home and from a GPU that is not there. */
export async function openChromium(): Promise<Browser> {
  return await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
  });
}

/** How a page has kept up while something went on. */
export interface Smoothness {
  readonly frames: number;
  readonly frameMsP99: number;
  readonly frameMsMax: number;
  /** Of tasks above 50 ms, what is above them. */
  readonly blockedMs: number;
  readonly longTaskMsMax: number;
}

/** What `watch.js` keeps in the page. */
interface Watched {
  readonly longTasks: readonly number[];
  readonly frames: readonly number[];
}

const WATCH = fileURLToPath(new URL('./watch.js', import.meta.url));
const PICTURES = `({
  contentMs: performance.getEntriesByName('first-contentful-paint')[0].startTime,
  chartMs: watched.chartMs,
})`;

/** Counts what a page loads and how long its tasks and frames take, from its first byte on. */
export class WatchedPage {
  readonly page: Page;
  readonly #session: CDPSession;
  bytes = 0;
  requests = 0;

  private constructor(page: Page, session: CDPSession) {
    this.page = page;
    this.#session = session;
  }

  static async open(browser: Browser, size: { readonly width: number; readonly height: number }): Promise<WatchedPage> {
    const page = await browser.newPage({ viewport: size });
    const session = await page.context().newCDPSession(page);
    const watched = new WatchedPage(page, session);
    await session.send('Network.enable');
    session.on('Network.loadingFinished', ({ encodedDataLength }) => {
      watched.bytes += encodedDataLength;
      watched.requests++;
    });
    await page.addInitScript({ path: WATCH });
    return watched;
  }

  /** Slows the page's processor down so many times. */
  async slow(times: number): Promise<void> {
    await this.#session.send('Emulation.setCPUThrottlingRate', { rate: times });
  }

  /** Milliseconds from the start of the navigation to the first content, and to the first chart with something on it. */
  async firstPictures(): Promise<{ readonly contentMs: number; readonly chartMs: number }> {
    await this.page.waitForFunction('watched.chartMs !== null');
    return await this.page.evaluate(PICTURES);
  }

  async during(work: () => Promise<void>): Promise<Smoothness> {
    await this.page.evaluate('watched.frames.length = watched.longTasks.length = 0');
    await work();
    const { frames, longTasks } = await this.page.evaluate<Watched>('watched');
    const ordered = frames.toSorted((a, b) => a - b);
    return {
      frames: frames.length,
      frameMsP99: ordered[Math.floor(0.99 * (ordered.length - 1))] ?? Number.NaN,
      frameMsMax: ordered.at(-1) ?? Number.NaN,
      blockedMs: longTasks.reduce((sum, ms) => sum + ms - 50, 0),
      longTaskMsMax: Math.max(0, ...longTasks),
    };
  }
}
