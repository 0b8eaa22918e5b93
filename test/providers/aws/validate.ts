import { type ServiceModel, shapeOf } from './service-model.ts';

/** What is wrong with a request, in AWS' own words for it. */
export interface Problem {
  readonly code: 'UnknownParameter' | 'MissingParameter' | 'InvalidParameterValue';
  readonly message: string;
}

/** JSON's types of the models' scalar types; on the wire of the Query protocols all are text, and are read before. */
const SCALARS: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  integer: Number.isSafeInteger,
  long: Number.isSafeInteger,
  float: Number.isFinite,
  double: Number.isFinite,
  boolean: (value) => typeof value === 'boolean',
  timestamp: (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
  blob: (value) => typeof value === 'string' && Buffer.from(value, 'base64').toString('base64') === value,
};

/** Holds a request against the published shape of its input: names, types, what is required, enums, and bounds. */
export function problemsOf(model: ServiceModel, shapeName: string, value: unknown, path = ''): Problem[] {
  const shape = shapeOf(model, shapeName);
  const wrong = (message: string): Problem[] => [
    { code: 'InvalidParameterValue', message: `${path || 'the request'}: ${message}` },
  ];
  switch (shape.type) {
    case 'structure': {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong('a structure is expected');
      const members = shape.members ?? {};
      const missing = (shape.required ?? []).filter((name) => (value as Record<string, unknown>)[name] === undefined);
      return [
        ...missing.map((name): Problem => ({ code: 'MissingParameter', message: `${path}.${name} is required` })),
        ...Object.entries(value).flatMap(([name, inner]): Problem[] => {
          const member = Object.hasOwn(members, name) ? members[name] : undefined;
          if (!member) return [{ code: 'UnknownParameter', message: `${path}.${name} is not recognized` }];
          return problemsOf(model, member.shape, inner, `${path}.${name}`);
        }),
      ];
    }
    case 'list': {
      if (!Array.isArray(value)) return wrong('a list is expected');
      const { member, min = 0, max = Number.POSITIVE_INFINITY } = shape;
      if (value.length < min || value.length > max) return wrong(`${value.length} items; allowed: ${min} to ${max}`);
      return value.flatMap((inner, i) => problemsOf(model, member?.shape ?? '', inner, `${path}.${i + 1}`));
    }
    default:
      return scalarProblems(shape, value).flatMap(wrong);
  }
}

function scalarProblems({ type, min, max, pattern, enum: values }: ReturnType<typeof shapeOf>, value: unknown) {
  if (!SCALARS[type]?.(value)) return [`${JSON.stringify(value)} is no ${type}`];
  const size = typeof value === 'string' ? value.length : Number(value);
  if (min !== undefined && size < min) return [`${JSON.stringify(value)} is below ${min}`];
  if (max !== undefined && size > max) return [`${JSON.stringify(value)} is above ${max}`];
  if (values && !values.includes(String(value))) return [`${JSON.stringify(value)} is not one of ${values.length}`];
  if (pattern && !new RegExp(`^(?:${pattern})$`, 'su').test(String(value))) return [`${value} does not fit ${pattern}`];
  return [];
}
