import { parseFilter } from './filter.ts';
import { checkInsertion, type InstanceBody, modelOf } from './insertion.ts';
import { EXHAUSTED, invalid, type Lack, notFound, Refused } from './refusals.ts';

export const PROJECT = 'forescale-test-1';
export const ZONES = ['us-central1-a', 'us-central1-b', 'us-central1-f'];
const ROOT = 'https://www.googleapis.com/compute/v1/projects';

const BOOT_MS = 20_000;
const DELETE_MS = 10_000;
/** From the sign of a preemption to its end. */
const PREEMPT_MS = 30_000;

export interface CloudInstance {
  readonly id: string;
  readonly zone: string;
  readonly body: InstanceBody;
  readonly createdMs: number;
  readonly madeMs: number;
  /** Of the group that made it: its id begins with this. */
  readonly group: string | null;
  /** It is not made in the end, and is gone when its operation is. */
  readonly lack: Lack | null;
  stopping: { readonly untilMs: number; readonly after: 'gone' | 'TERMINATED' } | null;
}

export interface CloudOperation {
  readonly name: string;
  /** "zones/us-central1-a" */
  readonly scope: string;
  readonly type: string;
  readonly targetId: string;
  readonly targetLink: string;
  readonly insertMs: number;
  readonly endMs: number;
  readonly lack: Lack | null;
}

/** One project of Compute Engine: its state at any time, by the clock that it is asked with. */
export class GcpCloud {
  readonly operations = new Map<string, CloudOperation>();
  readonly #instances = new Map<string, CloudInstance>();
  readonly #byRequestId = new Map<string, CloudOperation>();
  readonly #soldOut = new Set<string>();
  /** Insertions to come that end so. */
  readonly lacking: Lack[] = [];
  /** What an insertion takes, until its operation is done. */
  insertMs = 2_000;
  #count = 0;

  sellOut(machineType: string, zone: string, model: string): void {
    this.#soldOut.add(`${machineType} ${zone} ${model}`);
  }

  lackOf(machineType: string, zone: string, model: string): Lack | null {
    return this.#soldOut.has(`${machineType} ${zone} ${model}`) ? EXHAUSTED : null;
  }

  insert(zone: string, body: InstanceBody, requestId: string | undefined, nowMs: number): CloudOperation {
    if (requestId !== undefined && !/^(?!0{8}-)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(requestId))
      throw invalid(`Invalid value for field 'requestId': '${requestId}'. Must be a UUID.`);
    const replayed = requestId === undefined ? undefined : this.#byRequestId.get(requestId);
    if (replayed) return replayed;
    if (!ZONES.includes(zone)) throw notFound(`projects/${PROJECT}/zones/${zone}`);
    checkInsertion(zone, body);
    if (this.at(zone, body.name, nowMs))
      throw new Refused(
        409,
        'alreadyExists',
        `The resource 'projects/${PROJECT}/zones/${zone}/instances/${body.name}' already exists`,
      );
    const lack = this.lacking.shift() ?? this.lackOf(lastOf(body.machineType), zone, modelOf(body));
    const instance = this.add(zone, body, nowMs, null, lack);
    const operation = this.#operation('insert', instance, nowMs, nowMs + this.insertMs, lack);
    if (requestId !== undefined) this.#byRequestId.set(requestId, operation);
    return operation;
  }

  add(zone: string, body: InstanceBody, nowMs: number, group: string | null, lack: Lack | null = null): CloudInstance {
    const id = String(1_000_000_000_000_000_000n + BigInt(++this.#count));
    const instance: CloudInstance = {
      id,
      zone,
      body,
      createdMs: nowMs,
      group,
      lack,
      stopping: null,
      madeMs: nowMs + this.insertMs,
    };
    this.#instances.set(`${zone}/${body.name}`, instance);
    return instance;
  }

  delete(zone: string, name: string, nowMs: number): CloudOperation {
    const instance = this.at(zone, name, nowMs);
    if (!instance) throw notFound(`projects/${PROJECT}/zones/${zone}/instances/${name}`);
    instance.stopping ??= { untilMs: nowMs + DELETE_MS, after: 'gone' };
    return this.#operation('delete', instance, nowMs, instance.stopping.untilMs, null);
  }

  preempt(instance: CloudInstance, nowMs: number): void {
    const after = instance.body.scheduling?.instanceTerminationAction === 'DELETE' ? 'gone' : 'TERMINATED';
    instance.stopping = { untilMs: nowMs + PREEMPT_MS, after };
    this.#operation('compute.instances.preempted', instance, nowMs, nowMs, null);
  }

  /** Undefined: gone, or never there. */
  at(zone: string, name: string, nowMs: number): CloudInstance | undefined {
    const instance = this.#instances.get(`${zone}/${name}`);
    return instance && statusOf(instance, nowMs) !== null ? instance : undefined;
  }

  all(nowMs: number): CloudInstance[] {
    return [...this.#instances.values()].filter((one) => statusOf(one, nowMs) !== null);
  }

  instancesWhere(filter: string | undefined, nowMs: number, shownAfterMs: number): CloudInstance[] {
    const holds = parseFilter(filter);
    if (holds === null) throw invalid(`Invalid value for field 'filter': '${filter}'. Invalid list filter expression.`);
    return this.all(nowMs).filter(
      (one) =>
        nowMs >= one.createdMs + shownAfterMs &&
        holds((field) => {
          if (field === 'name') return one.body.name;
          return field === 'status' ? statusOf(one, nowMs) : (one.body.labels?.[field.slice('labels.'.length)] ?? null);
        }),
    );
  }

  operationsWhere(scope: string, filter: string | undefined): CloudOperation[] {
    const holds = parseFilter(filter);
    if (holds === null) throw invalid(`Invalid value for field 'filter': '${filter}'. Invalid list filter expression.`);
    return [...this.operations.values()].filter(
      (one) => one.scope === scope && holds((field) => (field === 'operationType' ? one.type : null)),
    );
  }

  #operation(
    type: string,
    { id, zone, body }: CloudInstance,
    insertMs: number,
    endMs: number,
    lack: Lack | null,
  ): CloudOperation {
    const targetLink = `${ROOT}/${PROJECT}/zones/${zone}/instances/${body.name}`;
    return this.record({ scope: `zones/${zone}`, type, targetId: id, targetLink, insertMs, endMs, lack });
  }

  record(operation: Omit<CloudOperation, 'name'>): CloudOperation {
    const name = `operation-${operation.insertMs}-${++this.#count}`;
    const recorded = { ...operation, name };
    this.operations.set(`${operation.scope}/${name}`, recorded);
    return recorded;
  }
}

/** Null: it is gone. */
export function statusOf({ madeMs, stopping, lack }: CloudInstance, nowMs: number): string | null {
  if (lack !== null && nowMs >= madeMs) return null;
  if (stopping) {
    if (nowMs < stopping.untilMs) return 'STOPPING';
    return stopping.after === 'gone' ? null : stopping.after;
  }
  if (nowMs < madeMs) return 'PROVISIONING';
  return nowMs < madeMs + BOOT_MS ? 'STAGING' : 'RUNNING';
}

export const lastOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);

const iso = (ms: number) => new Date(ms).toISOString().replace('Z', '+00:00');

export function instanceView(instance: CloudInstance, nowMs: number): object {
  const { id, zone, body } = instance;
  return {
    ...{ kind: 'compute#instance', id, name: body.name, creationTimestamp: iso(instance.createdMs) },
    ...{ zone: `${ROOT}/${PROJECT}/zones/${zone}`, machineType: `${ROOT}/${PROJECT}/${body.machineType}` },
    ...{ status: statusOf(instance, nowMs), labels: body.labels ?? {} },
    selfLink: `${ROOT}/${PROJECT}/zones/${zone}/instances/${body.name}`,
  };
}

export function operationView(operation: CloudOperation, nowMs: number): object {
  const { name, scope, type, targetId, targetLink, insertMs, endMs, lack } = operation;
  const isDone = nowMs >= endMs;
  const failure = lack && {
    error: { errors: [{ code: lack.code, message: lack.message }] },
    httpErrorStatusCode: lack.status,
    httpErrorMessage: 'SERVICE UNAVAILABLE',
  };
  return {
    ...{ kind: 'compute#operation', id: String(insertMs), name, operationType: type, targetId, targetLink },
    ...{ insertTime: iso(insertMs), status: isDone ? 'DONE' : 'RUNNING', progress: isDone ? 100 : 0 },
    [scope.startsWith('zones/') ? 'zone' : 'region']: `${ROOT}/${PROJECT}/${scope}`,
    selfLink: `${ROOT}/${PROJECT}/${scope}/operations/${name}`,
    ...(isDone && failure),
  };
}
