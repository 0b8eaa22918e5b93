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
