import { type MemberRef, type ServiceModel, type Shape, shapeOf } from './service-model.ts';

/** A request's fields by their dotted names: `{ Filter: { 1: { Name: 'tag:x' } } }`. */
type Tree = { [name: string]: Tree | string };

export class UnknownParameter extends Error {
  override readonly name = 'UnknownParameter';
}

/** Reads a form of EC2's Query protocol, or of the older one that auto scaling speaks, by the shape of its input. */
export function readForm(model: ServiceModel, shapeName: string, form: URLSearchParams): unknown {
  const root: Tree = {};
  for (const [key, value] of form) if (key !== 'Action' && key !== 'Version') plant(root, key.split('.'), value);
  return readNode(model, shapeName, root, '');
}

function plant(tree: Tree, [first = '', ...rest]: string[], value: string): void {
  if (rest.length === 0) {
    tree[first] = value;
    return;
  }
  const branch = tree[first] ?? {};
  if (typeof branch === 'string') throw new UnknownParameter(`${first} is a value and has fields`);
  tree[first] = branch;
  plant(branch, rest, value);
}

function readNode(model: ServiceModel, shapeName: string, node: Tree | string, path: string): unknown {
  const shape = shapeOf(model, shapeName);
  if (shape.type === 'structure') return readStructure(model, shape, node, path);
  if (shape.type === 'list') return readList(model, shape, node, path);
  if (typeof node !== 'string') return node;
  if (['integer', 'long', 'float', 'double'].includes(shape.type)) return node.trim() === '' ? node : Number(node);
  if (shape.type === 'boolean') return node === 'true' ? true : node === 'false' ? false : node;
  return node;
}

function readStructure(model: ServiceModel, shape: Shape, node: Tree | string, path: string): unknown {
  if (typeof node === 'string') return node;
  const members = new Map(Object.entries(shape.members ?? {}).map(([name, ref]) => [wireName(model, name, ref), name]));
  return Object.fromEntries(
    Object.entries(node).map(([wire, inner]) => {
      const name = members.get(wire);
      if (name === undefined) throw new UnknownParameter(`The parameter ${path}${wire} is not recognized`);
      return [name, readNode(model, shape.members?.[name]?.shape ?? '', inner, `${path}${wire}.`)];
    }),
  );
}

/** `Name.1`, `Name.2` as EC2 has it, or `Name.member.1`. Numbers have no gaps. */
function readList(model: ServiceModel, shape: Shape, node: Tree | string, path: string): unknown {
  const items = model.service === 'ec2' || typeof node === 'string' ? node : node.member;
  if (typeof items !== 'object') return node === '' ? [] : node;
  return Object.keys(items).map((_key, i) => {
    const item = items[String(i + 1)];
    if (item === undefined) throw new UnknownParameter(`${path}${i + 1} is missing`);
    return readNode(model, shape.member?.shape ?? '', item, `${path}${i + 1}.`);
  });
}

function wireName(model: ServiceModel, name: string, ref: MemberRef): string {
  if (model.service !== 'ec2') return ref.locationName ?? name;
  if (ref.queryName !== undefined) return ref.queryName;
  const location = ref.locationName ?? name;
  return location.slice(0, 1).toUpperCase() + location.slice(1);
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
export const escaped = (text: string) => text.replaceAll(/[&<>"]/g, (one) => ESCAPES[one] ?? one);

/** An answer as XML, by the shape of its output: what the model does not know cannot be answered. */
export function writeXml(model: ServiceModel, shapeName: string, value: unknown): string {
  const shape = shapeOf(model, shapeName);
  if (shape.type !== 'structure') return escaped(value instanceof Date ? value.toISOString() : String(value));
  return Object.entries(value as Record<string, unknown>)
    .filter(([, inner]) => inner !== undefined)
    .map(([name, inner]) => {
      const member = shape.members?.[name];
      if (!member) throw new Error(`${model.service}: ${shapeName} has no ${name}`);
      return writeMember(model, member, member.locationName ?? name, inner);
    })
    .join('');
}

function writeMember(model: ServiceModel, ref: MemberRef, tag: string, value: unknown): string {
  const shape = shapeOf(model, ref.shape);
  if (shape.type !== 'list') return `<${tag}>${writeXml(model, ref.shape, value)}</${tag}>`;
  const { shape: itemShape = '', locationName: itemTag = 'member' } = shape.member ?? {};
  const items = (value as readonly unknown[]).map((item) => writeXml(model, itemShape, item));
  return `<${tag}>${items.map((item) => `<${itemTag}>${item}</${itemTag}>`).join('')}</${tag}>`;
}
