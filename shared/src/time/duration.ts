const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of a duration such as "90s", "5m", "1h30m" or "28d"; null when the text is none. */
export function parseDurationMs(text: string): number | null {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return null;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    totalMs += Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
  }
  return totalMs;
}

/** A duration for people, in its largest whole units: 5400000 -> "1h30m". */
export function formatDuration(ms: number): string {
  let restMs = Math.round(ms);
  if (restMs <= 0) return '0s';
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const count = Math.floor(restMs / UNIT_MS[unit]);
    if (count > 0) text += `${count}${unit}`;
    restMs -= count * UNIT_MS[unit];
  }
  return text;
}
