/** Kubernetes' `Time`: RFC 3339 in whole seconds, UTC. */
export function timestamp(ms: number): string {
  return `${new Date(Math.floor(ms / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}

const OFFSET = '(?:Z|[+-]\\d{2}:\\d{2})';
const SECONDS = '\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}';
const TIME = new RegExp(`^(${SECONDS})(?:\\.\\d+)?(${OFFSET})$`);
const MICRO_TIME = new RegExp(`^${SECONDS}\\.\\d{6}${OFFSET}$`);

/** The text in whole seconds, as a server stores it; null when it is no time. */
export function wholeSeconds(text: string): string | null {
  const match = TIME.exec(text);
  return match === null || Number.isNaN(Date.parse(text)) ? null : `${match[1]}${match[2]}`;
}

/** `MicroTime` has exactly six digits after the point: milliseconds alone are refused, as by a real server. */
export function isMicroTime(text: string): boolean {
  return MICRO_TIME.test(text) && !Number.isNaN(Date.parse(text));
}
