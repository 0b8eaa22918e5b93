/** What a field of a request may be: the facts of an API's reference that an end point checks by. */
export type FieldRule =
  | { readonly kind: 'text'; readonly pattern?: RegExp; readonly bytesMax?: number }
  | { readonly kind: 'number'; readonly min?: number }
  | { readonly kind: 'flag' }
  | { readonly kind: 'list'; readonly of: FieldRule; readonly max?: number }
  | { readonly kind: 'map'; readonly key: RegExp; readonly of: FieldRule }
  | { readonly kind: 'either'; readonly of: readonly FieldRule[] }
  | { readonly kind: 'object'; readonly fields: Fields };

/** By name; one whose name ends with `!` is required. */
export type Fields = Readonly<Record<string, FieldRule>>;

/** The first thing that is wrong, such as `public_net.ipv4: unknown field`; null: nothing. */
export function complaintOf(value: unknown, rule: FieldRule, path = ''): string | null {
  switch (rule.kind) {
    case 'text': {
      if (typeof value !== 'string') return `${path}: must be text`;
      if (rule.pattern && !rule.pattern.test(value)) return `${path}: has an invalid format`;
      return Buffer.byteLength(value) > (rule.bytesMax ?? 1_000_000) ? `${path}: is too long` : null;
    }
    case 'number':
      return typeof value !== 'number' || !Number.isSafeInteger(value) || value < (rule.min ?? 0)
        ? `${path}: must be a whole number`
        : null;
    case 'flag':
      return typeof value === 'boolean' ? null : `${path}: must be true or false`;
    case 'either':
      return rule.of.some((one) => complaintOf(value, one, path) === null) ? null : `${path}: is of the wrong type`;
    case 'list': {
      if (!Array.isArray(value)) return `${path}: must be a list`;
      if (value.length > (rule.max ?? 1_000)) return `${path}: is too long`;
      return first(value.map((one, index) => complaintOf(one, rule.of, `${path}[${index}]`)));
    }
    case 'map':
      return entriesOf(value, path, (key, one) =>
        rule.key.test(key) ? complaintOf(one, rule.of, `${path}.${key}`) : `${path}.${key}: is no valid key`,
      );
    case 'object':
      return objectComplaint(value, rule.fields, path);
  }
}

function objectComplaint(value: unknown, fields: Fields, path: string): string | null {
  const under = (name: string) => (path === '' ? name : `${path}.${name}`);
  const known = new Map(Object.entries(fields).map(([name, rule]) => [name.replace('!', ''), rule]));
  const complaint = entriesOf(value, path, (name, one) => {
    const rule = known.get(name);
    return rule ? complaintOf(one, rule, under(name)) : `${under(name)}: unknown field`;
  });
  if (complaint !== null) return complaint;
  const missing = Object.keys(fields).find(
    (name) => name.endsWith('!') && !Object.hasOwn(value as object, name.slice(0, -1)),
  );
  return missing === undefined ? null : `${under(missing.slice(0, -1))}: is required`;
}

function entriesOf(value: unknown, path: string, each: (key: string, value: unknown) => string | null): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${path}: must be an object`;
  return first(Object.entries(value).map(([key, one]) => each(key, one)));
}

function first(complaints: readonly (string | null)[]): string | null {
  return complaints.find((one) => one !== null) ?? null;
}
