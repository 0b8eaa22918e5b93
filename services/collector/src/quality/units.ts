/** A unit of the same kind as others, and how many of the kind's own it is. */
interface Unit {
  readonly kind: string;
  readonly factor: number;
}

const SECOND = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  sec: 1,
  second: 1,
  seconds: 1,
  min: 60,
  h: 3_600,
  d: 86_400,
};
const BYTE: Record<string, number> = { b: 1, by: 1, byte: 1, bytes: 1 };
for (const [index, prefix] of ['k', 'm', 'g', 't', 'p'].entries()) {
  for (const byte of ['b', 'by', 'bytes']) {
    BYTE[prefix + byte] = 1e3 ** (index + 1);
    BYTE[`${prefix}i${byte}`] = 1_024 ** (index + 1);
  }
  BYTE[`${prefix}i`] = 1_024 ** (index + 1);
}
const CORE = { core: 1, cores: 1, vcpu: 1, millicore: 1e-3, millicores: 1e-3, mcores: 1e-3 };
/** Things that are counted. As many are as many, whatever they are called. */
const COUNT = {
  '1': 1,
  count: 1,
  req: 1,
  reqs: 1,
  request: 1,
  requests: 1,
  query: 1,
  queries: 1,
  op: 1,
  ops: 1,
  '%': 0.01,
};
const SHORT: ReadonlyMap<string, string> = new Map(
  Object.entries({ rps: '1/s', qps: '1/s', rpm: '1/min', hz: '1/s', percent: '%' }),
);

/** By name, whatever its kind: no two have one of the same name. */
const UNITS: ReadonlyMap<string, Unit> = new Map(
  Object.entries({ seconds: SECOND, bytes: BYTE, cores: CORE, count: COUNT }).flatMap(([kind, units]) =>
    Object.entries(units).map(([name, factor]) => [name, { kind, factor }] as const),
  ),
);

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
  const name =
    text
      .replace(/\{[^}]*\}/g, '')
      .trim()
      .toLowerCase() || '1';
  return UNITS.get(name) ?? null;
}
