const FACTOR: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A Kubernetes quantity ("250m", "1.5Gi", "2e3") as a plain number; null when the text is none. */
export function parseQuantity(text: string): number | null {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)$/.exec(text.trim());
  if (!match) return null;
  const [, digits, exponent, suffix] = match;
  const value = Number(digits) * (exponent ? 10 ** Number(exponent) : (FACTOR[suffix ?? ''] as number));
  return Number.isFinite(value) ? value : null;
}

/** Thousandths of a core, rounded up so that a request is never understated; null when the text is no quantity. */
export function parseCpuMillicores(text: string): number | null {
  const cores = parseQuantity(text);
  return cores === null ? null : Math.ceil(Math.round(cores * 1e6) / 1e3);
}

const MILLI_SUFFIXES = ['m', '', 'k', 'M', 'G', 'T', 'P', 'E'] as const;
/** Kubernetes counts in 64 bits: 9.2e18. */
const MILLI_MAX = 9e18;

/**
 * A number of 0 or more as Kubernetes writes a quantity, in thousandths, rounded up: 320 -> "320", 0.5 -> "500m",
 * 1234.5 -> "1234500m", 2000 -> "2k".
 */
export function formatQuantity(value: number): string {
  let count = Math.min(Math.ceil(Math.round(value * 1e6) / 1e3), MILLI_MAX);
  if (count === 0) return '0';
  let suffix = 0;
  while (count % 1_000 === 0 && suffix < MILLI_SUFFIXES.length - 1) {
    count /= 1_000;
    suffix++;
  }
  return `${count}${MILLI_SUFFIXES[suffix]}`;
}
