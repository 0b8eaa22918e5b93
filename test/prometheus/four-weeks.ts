const MINUTE_MS = 60_000;
export const DAYS = 28;

/** `http_requests_total` of two replicas, each with a counter that began again in the middle of the four weeks, as OpenMetrics. */
export function fourWeeks(nowMs: number): string {
  const lines: string[] = [];
  for (const pod of ['a', 'b']) {
    let count = 0;
    for (let i = 0; i <= DAYS * 1_440; i++) {
      const timeMs = nowMs - DAYS * 1_440 * MINUTE_MS + i * MINUTE_MS;
      count = i === 20_000 ? 0 : count + 60 * (50 + 30 * Math.sin((2 * Math.PI * (timeMs % 86_400_000)) / 86_400_000));
      lines.push(`http_requests_total{pod="${pod}"} ${Math.round(count)} ${timeMs / 1_000}`);
    }
  }
  return `${lines.join('\n')}\n# EOF\n`;
}
