/** A unit of the same kind as others, and how many of the kind's own it is. */
interface Unit {
  readonly kind: string;
  readonly factor: number;
}

type Factors = Readonly<Record<string, number>>;

/** As they are written, capitals and all: "Mb" is a megabit to some and a megabyte to others, and so is none. */
const SYMBOLS: Readonly<Record<string, Factors>> = {
  seconds: { ns: 1e-9, us: 1e-6, µs: 1e-6, μs: 1e-6, ms: 1e-3, s: 1, h: 3_600, d: 86_400 },
  bytes: { ...multiplesOf(['B', 'By', 'bytes'], 1), ...multiplesOf(['bit', 'bits'], 1 / 8), ...multiplesOf([''], 1) },
  count: { '1': 1, '%': 0.01 },
};
/** However they are written. Things that are counted are as many, whatever they are called. */
const WORDS: Readonly<Record<string, Factors>> = {
  seconds: { millisecond: 1e-3, sec: 1, second: 1, min: 60, minute: 60, hour: 3_600, day: 86_400 },
  bytes: { byte: 1 },
  cores: { core: 1, vcpu: 1, millicore: 1e-3, mcore: 1e-3 },
  count: { count: 1, req: 1, request: 1, query: 1, queries: 1, op: 1 },
};
const SHORT: ReadonlyMap<string, string> = new Map(
  Object.entries({ rps: '1/s', qps: '1/s', rpm: '1/min', hz: '1/s', percent: '%' }),
);

/** By name, whatever its kind: no two have one of the same name. */
const BY_SYMBOL = byName(SYMBOLS);
const BY_WORD = byName(WORDS);

/** "B" -> kB, KB, KiB, MB, …; a number of bytes may also be "Ki", "Mi", as of Kubernetes. */
function multiplesOf(names: readonly string[], factor: number): Factors {
  const all: Record<string, number> = {};
  for (const name of names) {
    if (name !== '') all[name] = factor;
    for (const [index, prefix] of ['K', 'M', 'G', 'T', 'P'].entries()) {
      all[`${prefix}i${name}`] = factor * 1_024 ** (index + 1);
      if (name !== '') all[prefix + name] = factor * 1e3 ** (index + 1);
    }
    if (name !== '') all[`k${name}`] = factor * 1e3;
  }
  return all;
}

function byName(kinds: Readonly<Record<string, Factors>>): ReadonlyMap<string, Unit> {
  return new Map(
    Object.entries(kinds).flatMap(([kind, units]) =>
      Object.entries(units).map(([name, factor]) => [name, { kind, factor }] as const),
    ),
  );
}

/**
 * What a value in `from` is multiplied with to be one in `to`: "ms" to "s" is 0.001, "{request}/min" to "rps" is 1/60. Both as
 * OpenTelemetry (UCUM), Prometheus and people write them. Null: one is no unit of the other's kind.
 */
export function unitFactor(from: string, to: string): number | null {
  if (from === to) return 1;
  const [a, b] = [unitOf(from), unitOf(to)];
  return a !== null && b !== null && a.kind === b.kind ? a.factor / b.factor : null;
}

function unitOf(text: string): Unit | null {
  const [above = '', below, more] = (SHORT.get(text.toLowerCase()) ?? text).split('/');
  if (more !== undefined) return null;
  const top = simpleUnitOf(above);
  if (top === null || below === undefined) return top;
  const bottom = simpleUnitOf(below);
  return bottom && { kind: `${top.kind}/${bottom.kind}`, factor: top.factor / bottom.factor };
}

function simpleUnitOf(text: string): Unit | null {
  // "{request}" is a note on what is counted, and no unit.
  const name = text.replace(/\{[^}]*\}/g, '').trim() || '1';
  const word = name.toLowerCase();
  return BY_SYMBOL.get(name) ?? BY_WORD.get(word) ?? BY_WORD.get(word.replace(/s$/, '')) ?? null;
}
