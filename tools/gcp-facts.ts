import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Writes test/providers/gcp/facts.json: what the end point of the tests checks requests and its own answers against. Names
 * and types only, out of the descriptors that Google publishes with its packages; those are 144 MB and more, so nothing
 * here depends on them, and the few methods that Forescale calls are enough.
 *
 *     node tools/gcp-facts.ts
 */
const OUT = new URL('../test/providers/gcp/facts.json', import.meta.url);

/**
 * API, the package that describes it, where in it, and the methods in use: service of the descriptor, then method. What is
 * sent is described whole, what is answered so many levels deep.
 */
const SOURCES = [
  {
    api: 'compute',
    answerDepth: 3,
    packageName: '@google-cloud/compute@7.8.0',
    namespace: ['google', 'cloud', 'compute', 'v1'],
    methods: {
      Instances: ['Insert', 'Get', 'Delete', 'AggregatedList'],
      ZoneOperations: ['Wait', 'List'],
      RegionOperations: ['Wait'],
      InstanceGroupManagers: ['Get', 'Resize', 'ListManagedInstances', 'DeleteInstances', 'ListErrors'],
      RegionInstanceGroupManagers: ['Get', 'Resize', 'ListManagedInstances', 'DeleteInstances', 'ListErrors'],
    },
  },
  {
    api: 'container',
    answerDepth: 2,
    packageName: '@google-cloud/container@7.2.0',
    namespace: ['google', 'container', 'v1'],
    methods: { ClusterManager: ['GetNodePool'] },
  },
  {
    api: 'cloudresourcemanager',
    answerDepth: 1,
    packageName: '@google-cloud/resource-manager@6.3.0',
    namespace: ['google', 'cloud', 'resourcemanager', 'v3'],
    methods: { Projects: ['TestIamPermissions'] },
  },
] as const;

interface Field {
  readonly type: string;
  readonly rule?: 'repeated';
  readonly keyType?: string;
  readonly options?: Readonly<Record<string, unknown>>;
}
interface Descriptor {
  readonly nested?: Readonly<Record<string, Descriptor>>;
  readonly fields?: Readonly<Record<string, Field>>;
  readonly values?: Readonly<Record<string, number>>;
  readonly methods?: Readonly<Record<string, Method>>;
}
interface Method {
  readonly requestType: string;
  readonly responseType: string;
  readonly options: Readonly<Record<string, string>>;
}

const facts = {
  sources: [] as string[],
  methods: {} as Record<string, unknown>,
  messages: {} as Record<string, Record<string, string>>,
  required: {} as Record<string, string[]>,
  enums: {} as Record<string, string[]>,
};

function descriptorOf(packageName: string): Descriptor {
  const folder = mkdtempSync(join(tmpdir(), 'gcp-facts-'));
  try {
    run('npm', ['pack', packageName, '--pack-destination', folder]);
    const [archive = ''] = readdirSync(folder);
    mkdirSync(join(folder, 'x'));
    run('tar', ['xzf', join(folder, archive), '-C', join(folder, 'x'), 'package/build/protos/protos.json']);
    return JSON.parse(readFileSync(join(folder, 'x/package/build/protos/protos.json'), 'utf8')) as Descriptor;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}

function addMethod(
  root: Descriptor,
  { api, namespace, answerDepth }: (typeof SOURCES)[number],
  service: string,
  name: string,
): void {
  const method = at(root, [...namespace, service])?.methods?.[name];
  if (!method) throw new Error(`${api} has no ${service}.${name}`);
  const [verb = '', path = ''] = httpOf(method);
  const { path: request, found } = resolve(root, namespace, method.requestType);
  const body = method.options['(google.api.http).body'];
  const inPath = [...path.matchAll(/\{(\w+)/g)].map(([, field]) => camel(field ?? ''));
  const rest = Object.entries(found.fields ?? {}).filter(([field]) => !inPath.includes(field));
  const bodyField = body === undefined || body === '*' ? undefined : found.fields?.[camel(body)];
  const add = (typeName: string, scope: readonly string[], depth = Number.POSITIVE_INFINITY) =>
    addMessage(root, api, scope, typeName, depth);
  const [first = ''] = service;
  facts.methods[`${api}.${first.toLowerCase()}${service.slice(1)}.${name[0]?.toLowerCase()}${name.slice(1)}`] = {
    verb,
    path,
    query: body === '*' ? [] : rest.filter(([field]) => field !== camel(body ?? '')).map(([field]) => field),
    body: body === '*' ? add(method.requestType, namespace) : bodyField ? add(bodyField.type, request) : null,
    answer: add(method.responseType, namespace, answerDepth),
  };
}

function httpOf({ options }: Method): readonly string[] {
  for (const verb of ['get', 'post', 'delete', 'put', 'patch']) {
    const path = options[`(google.api.http).${verb}`];
    if (path !== undefined) return [verb.toUpperCase(), path];
  }
  throw new Error('a method without a path');
}

const SCALARS = new Set([
  'string',
  'bool',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'double',
  'float',
  'bytes',
  'fixed64',
]);

/** Adds the message and what it contains, so many levels down; its name in the facts. */
function addMessage(root: Descriptor, api: string, scope: readonly string[], typeName: string, depth: number): string {
  const { path, found } = resolve(root, scope, typeName);
  const name = factName(api, path);
  if (found.values) {
    facts.enums[name] ??= known(found.values);
    return name;
  }
  if (facts.messages[name]) return name;
  if (depth === 0) return 'unchecked';
  const fields: Record<string, string> = {};
  facts.messages[name] = fields;
  for (const [field, { type, rule, keyType, options }] of Object.entries(found.fields ?? {})) {
    const inner = SCALARS.has(type)
      ? enumOf(api, path, found, field, type)
      : addMessage(root, api, path, type, depth - 1);
    fields[field] = keyType ? `{${inner}}` : rule === 'repeated' ? `${inner}[]` : inner;
    if (options?.['(google.api.field_behavior)'] === 'REQUIRED') {
      facts.required[name] ??= [];
      facts.required[name].push(field);
    }
  }
  return name;
}

/** Compute Engine types its enums as text; the values stand beside the field, under its name. */
function enumOf(api: string, path: readonly string[], message: Descriptor, field: string, type: string): string {
  const beside = `${field[0]?.toUpperCase()}${field.slice(1)}`;
  const values = type === 'string' ? message.nested?.[beside]?.values : undefined;
  if (!values) return type;
  const name = factName(api, [...path, beside]);
  facts.enums[name] ??= known(values);
  return name;
}

const known = (values: Readonly<Record<string, number>>) =>
  Object.keys(values).filter((value) => !value.startsWith('UNDEFINED_'));

/** `compute.Scheduling.ProvisioningModel`: without what all of the API have in front. */
function factName(api: string, path: readonly string[]): string {
  return [api, ...path.filter((step) => /^[A-Z]/.test(step))].join('.');
}

/** Looks from the inside out, as names in a descriptor mean it. */
function resolve(root: Descriptor, scope: readonly string[], typeName: string): { path: string[]; found: Descriptor } {
  const steps = typeName.replace(/^\./, '').split('.');
  for (let depth = scope.length; depth >= 0; depth--) {
    const path = [...scope.slice(0, depth), ...steps];
    const found = at(root, path);
    if (found?.fields || found?.values) return { path, found };
  }
  throw new Error(`no ${typeName} in ${scope.join('.')}`);
}

function at(root: Descriptor, path: readonly string[]): Descriptor | undefined {
  return path.reduce<Descriptor | undefined>((one, step) => one?.nested?.[step], root);
}

function camel(name: string): string {
  return name.replace(/_(\w)/g, (_all, letter: string) => letter.toUpperCase());
}

// Those with a body first: what is sent is checked whole.
for (const source of SOURCES) {
  const root = descriptorOf(source.packageName);
  facts.sources.push(source.packageName);
  for (const [service, names] of Object.entries(source.methods))
    for (const name of names) addMethod(root, source, service, name);
}
writeFileSync(OUT, `${JSON.stringify(facts, null, 1)}\n`);
