import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Where Debian's python3-botocore keeps what AWS publishes of its services. */
const FOLDER = '/usr/lib/python3/dist-packages/botocore/data';

export type Service = 'ec2' | 'autoscaling' | 'sqs' | 'pricing';

const VERSIONS: Readonly<Record<Service, string>> = {
  ec2: '2016-11-15',
  autoscaling: '2011-01-01',
  sqs: '2012-11-05',
  pricing: '2017-10-15',
};

/** How a member refers to its shape, and what it is called on the wire. */
export interface MemberRef {
  readonly shape: string;
  readonly locationName?: string;
  readonly queryName?: string;
  readonly flattened?: boolean;
}

export interface Shape {
  readonly type: string;
  readonly members?: Readonly<Record<string, MemberRef>>;
  readonly required?: readonly string[];
  readonly member?: MemberRef;
  readonly enum?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly flattened?: boolean;
}

interface Operation {
  readonly input?: MemberRef;
  readonly output?: MemberRef & { readonly resultWrapper?: string };
}

export interface ServiceModel {
  readonly service: Service;
  readonly version: string;
  readonly xmlNamespace: string;
  readonly operations: Readonly<Record<string, Operation>>;
  readonly shapes: Readonly<Record<string, Shape>>;
}

function fileOf(service: Service): string | null {
  const file = join(FOLDER, service, VERSIONS[service], 'service-2.json');
  return [file, `${file}.gz`].find((one) => existsSync(one)) ?? null;
}

/** Why requests cannot be held against the published models here; null: they can. */
export function whyNoModels(): string | null {
  if ((['ec2', 'autoscaling', 'sqs', 'pricing'] as const).every((service) => fileOf(service) !== null)) return null;
  return `AWS' service models are not in ${FOLDER}: apt-get install --no-install-recommends python3-botocore (as root)`;
}

/** What a service publishes of these operations: they and the shapes that they reach, nothing else. */
export function readModel(service: Service, operations: readonly string[]): ServiceModel {
  const file = fileOf(service);
  if (file === null) throw new Error(whyNoModels() ?? 'no models');
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const whole = JSON.parse(text) as ServiceModel & { readonly metadata: { readonly xmlNamespace?: string } };
  const shapes: Record<string, Shape> = {};
  const visit = (name: string | undefined) => {
    if (name === undefined || name in shapes) return;
    const shape = whole.shapes[name];
    if (!shape) throw new Error(`${service}: no shape ${name}`);
    shapes[name] = shape;
    for (const member of Object.values(shape.members ?? {})) visit(member.shape);
    visit(shape.member?.shape);
  };
  const kept = Object.fromEntries(operations.map((name) => [name, operationOf(whole, name)]));
  for (const { input, output } of Object.values(kept)) for (const ref of [input, output]) visit(ref?.shape);
  return {
    service,
    version: VERSIONS[service],
    xmlNamespace: `${whole.metadata.xmlNamespace ?? ''}/`,
    operations: kept,
    shapes,
  };
}

function operationOf(model: ServiceModel, name: string): Operation {
  const operation = model.operations[name];
  if (!operation) throw new Error(`${model.service}: no operation ${name}`);
  return operation;
}

export function shapeOf(model: ServiceModel, name: string): Shape {
  const shape = model.shapes[name];
  if (!shape) throw new Error(`${model.service}: no shape ${name}`);
  return shape;
}
