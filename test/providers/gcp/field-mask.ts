/** Of an answer what the query parameter `fields` of Google's APIs lets through, such as `items(id,name),nextPageToken`. */
export function masked(value: unknown, mask: string): unknown {
  if (Array.isArray(value)) return value.map((one) => masked(one, mask));
  if (typeof value !== 'object' || value === null) return value;
  const parts = partsOf(mask);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      const own = parts.filter(({ name }) => name === '*' || name === key);
      if (own.length === 0) return [];
      const isWhole = own.some(({ rest }) => rest === '');
      return [[key, isWhole ? inner : masked(inner, own.map(({ rest }) => rest).join())]];
    }),
  );
}

/** Split at the commas that stand in no parentheses; `rest`: empty where all of it is meant. */
function partsOf(mask: string): readonly { readonly name: string; readonly rest: string }[] {
  const parts = mask.match(/(?:[^,()]|\([^()]*\))+/g) ?? [];
  return parts.map((part) => {
    const [, name = '', path, list] = /^([\w*]+)(?:\/(.+)|\((.+)\))?$/.exec(part) ?? [];
    return { name, rest: path ?? list ?? '' };
  });
}
