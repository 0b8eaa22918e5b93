import type { Finding } from './finding.ts';

const DETAIL_CHARS_MAX = 300;

/** One line for each finding, whose first word is its state; and how many there are of each. */
export function findingsTable(findings: readonly Finding[]): string {
  const rows = findings.map(({ state, check, subject, detail }) => [state, check, subject, oneLine(detail)]);
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const count = (state: Finding['state']) => findings.filter((one) => one.state === state).length;
  return `${lines.join('\n')}\n\n${count('ok')} ok, ${count('warn')} warn, ${count('fail')} fail\n`;
}

/** Servers say what they like. */
function oneLine(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, ' ');
  return line.length > DETAIL_CHARS_MAX ? `${line.slice(0, DETAIL_CHARS_MAX)}…` : line;
}
