// @ts-check
/** @import { Selection } from './feed.js' */
import { api, rememberToken } from './api.js';
import { byId } from './dom.js';
import { createFeed } from './feed.js';
import { wireSelection } from './head.js';
import { createSpeedometer, delayMs } from './pace.js';
import { createView } from './view.js';

/** @type {Selection} */
const selection = { pool: null, signal: null, rangeS: 86_400 };
const feed = createFeed(api);
const view = createView();
const speedometer = createSpeedometer();

/** @type {number | undefined} */
let timer;
let running = false;
let again = false;
let failures = 0;
/** @type {number | null} */
let speed = null;
/** @type {number | null} */
let lastS = null;

/** Reads and draws once, then sets the timer for the next time. It never overlaps itself. */
async function tick() {
  if (running) {
    again = true;
    return;
  }
  running = true;
  clearTimeout(timer);
  try {
    const chosen = { ...selection };
    const snapshot = await feed.read(chosen);
    speed = speedometer.observe(snapshot.nowS, performance.now());
    failures = 0;
    lastS = snapshot.nowS;
    const current = JSON.stringify(chosen) === JSON.stringify(selection);
    if (current) view.show(snapshot, speed);
  } catch (error) {
    failures++;
    view.lose(error, lastS);
  } finally {
    running = false;
    const waitMs = again ? 0 : delayMs({ speed, failures, hidden: document.hidden });
    again = false;
    timer = window.setTimeout(tick, waitMs);
  }
}

wireSelection(selection, () => void tick());
document.addEventListener('visibilitychange', () => !document.hidden && void tick());
byId('token-form').addEventListener('submit', (event) => {
  event.preventDefault();
  rememberToken(byId('token', HTMLInputElement).value);
  void tick();
});
void tick();
