import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SCORED_LEVELS } from '@forescale/predictor/backtest';
import { z } from 'zod';
import type { Answer, Task } from './method-run.ts';
import type { Peer } from './peers.ts';

/** Longer than any peer was seen to take for 60 origins of a trace. */
const LIMIT_SECONDS = 900;
const SCRIPTS = new URL('../../peers/', import.meta.url);
const PROBE_LIMIT_MS = 60_000;
/** A forecast of 60 origins takes 100 kB. */
const LINE_CHARS_MAX = 50_000_000;
const LOOK_BACK_DAYS = 28;

/** What came of one method: its answer, or why there is none. */
export type PeerResult = Answer | { readonly failed: string };

const Line = z.union([
  z.object({ method: z.string(), failed: z.string() }),
  z.object({
    method: z.string(),
    seconds: z.number().nonnegative(),
    forecasts: z.array(z.record(z.string(), z.array(z.number()))),
  }),
]);

/** Whether the peer can run here. */
export async function isThere(peer: Peer, signal: AbortSignal): Promise<boolean> {
  const child = spawn(peer.command, peer.probe, { stdio: 'ignore', timeout: PROBE_LIMIT_MS, signal });
  return (await ending(child)) === null;
}

/**
 * Asks a peer for forecasts of one task in a process of its own, bounded in time. Never rejects: what it fails at is
 * the result of its methods.
 */
export async function askPeer(
  peer: Peer,
  task: Task,
  origins: readonly number[],
  signal: AbortSignal,
  onMethod: () => void,
  limitSeconds: number = LIMIT_SECONDS,
): Promise<Map<string, PeerResult>> {
  const script = fileURLToPath(new URL(peer.script, SCRIPTS));
  const child = spawn(peer.command, [script], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, TZ: 'UTC' },
    signal,
    timeout: 1000 * limitSeconds,
    killSignal: 'SIGKILL',
  });
  const ended = ending(child);
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-2_000);
  });
  // One that ends before it has read everything is told by how it ends.
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify(jobOf(peer, task, origins)));
  const results = new Map<string, PeerResult>();
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.length > LINE_CHARS_MAX) break;
    const result = parse(line, task.horizon, origins);
    if (!result || !peer.methods.includes(result.method)) continue;
    results.set(result.method, result.result);
    onMethod();
  }
  const reason = await ended;
  const why =
    child.signalCode === 'SIGKILL' ? `took longer than ${limitSeconds} s` : `${reason}: ${lastLine(complaint)}`;
  for (const method of peer.methods) {
    if (results.has(method)) continue;
    results.set(method, { failed: reason === null ? 'no answer' : why });
    onMethod();
  }
  return results;
}

function jobOf(peer: Peer, task: Task, origins: readonly number[]) {
  return {
    step: task.stepSeconds,
    horizon: task.horizon,
    start: task.firstCell * task.stepSeconds,
    look_back: Math.round((LOOK_BACK_DAYS * 86_400) / task.stepSeconds),
    values: Array.from(task.values, (value) => (Number.isFinite(value) ? value : null)),
    methods: peer.methods.map((name) => ({ name, origins })),
  };
}

function parse(text: string, horizon: number, origins: readonly number[]) {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const parsed = Line.safeParse(json);
  if (!parsed.success) return null;
  const line = parsed.data;
  if ('failed' in line) return { method: line.method, result: { failed: line.failed } };
  const whole = line.forecasts.every((forecast) =>
    SCORED_LEVELS.every((level) => forecast[String(level)]?.length === horizon),
  );
  const result: PeerResult =
    whole && line.forecasts.length === origins.length
      ? { origins, forecasts: line.forecasts, seconds: line.seconds }
      : { failed: 'a forecast is missing or short' };
  return { method: line.method, result };
}

/** Null when a child ended well, else how it ended. */
function ending(child: ReturnType<typeof spawn>): Promise<string | null> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, killedBy) => resolve(code === 0 ? null : `ended with ${killedBy ?? `code ${code}`}`));
  });
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() || 'it said nothing';
}
