import { type Alias, type Document, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { ConfigError } from './errors.ts';
import { describeField, fieldName } from './issue-text.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the YAML says, as plain objects, with variables of the environment filled in. Throws `ConfigError`. */
export function parseYamlTree(text: string, file: string, environment: Environment): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new ConfigError(`${file}: line ${line}, column ${col}: not YAML: ${firstLine(error)}`);
  }
  visit(document, {
    Pair(_key, pair, path) {
      // A list, nothing, or a name by which objects would inherit.
      if (isScalar(pair.key) && pair.key.value !== null && pair.key.value !== '__proto__') return;
      throw new ConfigError(`${file}: ${fieldName(fieldPath([...path, pair]))}: allowed as a key: a word`);
    },
    Alias(_key, alias, path) {
      refuseCycle(document, alias, path, file);
    },
    Scalar(key, node, path) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return;
      const raw = node.value;
      const value = substitute(raw, environment, (variable, whole) => {
        throw new ConfigError(
          `${file}: ${describeField(fieldPath([...path, node]), raw)}: the environment has no ${variable}; ` +
            `allowed: a set variable or ${whole.slice(0, -1)}:-default}`,
        );
      });
      // A plain scalar keeps its meaning as YAML: `port: ${PORT}` is a number, `"${PORT}"` is text.
      node.value = node.type === 'PLAIN' ? plainScalar(value) : value;
    },
  });
  try {
    // Aliases can multiply a small file into a huge tree; 100 is YAML's own guard against that.
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new ConfigError(`${file}: not usable YAML: ${firstLine(error)}; allowed: few aliases`, { cause: error });
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] as string;
}

/** An alias inside of what it stands for would be a tree without an end. */
function refuseCycle(document: Document, alias: Alias, path: readonly unknown[], file: string): void {
  const target = alias.resolve(document);
  if (target && !path.includes(target)) return;
  throw new ConfigError(
    `${file}: ${describeField(fieldPath([...path, alias]), `*${alias.source}`)}: ` +
      'allowed: the name of an anchor that stands before, and not around it',
  );
}

function substitute(
  text: string,
  environment: Environment,
  refuse: (variable: string, whole: string) => never,
): string {
  return text.replace(
    /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g,
    (whole, variable: string, fallback?: string) => environment[variable] || (fallback ?? refuse(variable, whole)),
  );
}

/** Numbers, booleans and null as YAML reads them; whatever is text stays as it is, with its "#" and quotes. */
function plainScalar(text: string): unknown {
  const { contents } = parseDocument(text);
  return isScalar(contents) && contents.source === text ? contents.value : text;
}

/** The keys and indices that lead through these nested nodes. */
function fieldPath(nodes: readonly unknown[]): PropertyKey[] {
  return nodes.flatMap((node, index): PropertyKey[] => {
    if (isSeq(node)) return [node.items.indexOf(nodes[index + 1])];
    if (isPair(node)) return [isScalar(node.key) ? String(node.key.value) : String(node.key)];
    return [];
  });
}
