/** What a filter may look at; `null`: the thing has no such field. */
export type Fields = (name: string) => string | null;

const TERM = /^\((labels\.[a-z][a-z0-9_-]*|name|status|operationType)(?: (=) |(:))"([^"\\]*)"\)$/;

/**
 * The part of Compute Engine's filters that is used: terms in brackets, equal or (of `:`) containing, all joined by AND or
 * all by OR. Anything else is refused: null.
 */
export function parseFilter(filter: string | undefined): ((fields: Fields) => boolean) | null {
  if (filter === undefined || filter === '') return () => true;
  const isAny = filter.includes(' OR ');
  const terms = filter.split(isAny ? ' OR ' : ' AND ').map((text) => TERM.exec(text));
  if (terms.some((term) => term === null)) return null;
  const holds = terms.map((term) => {
    const [, name = '', equals, , value = ''] = term ?? [];
    return (fields: Fields) => {
      const found = fields(name);
      return found !== null && (equals ? found === value : found.includes(value));
    };
  });
  return (fields) => (isAny ? holds.some((one) => one(fields)) : holds.every((one) => one(fields)));
}
