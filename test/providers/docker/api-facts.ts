import type { FieldRule, Fields } from '../field-rules.ts';

/**
 * Facts of the Docker Engine's API (docs.docker.com/reference/api/engine, v1.41), as far as they are used. The real
 * engine passes over fields that it does not know; here they are refused.
 */
const TEXT = { kind: 'text' } as const;
const FLAG = { kind: 'flag' } as const;
const COUNT = { kind: 'number' } as const;
const TEXTS = { kind: 'list', of: TEXT } as const;
const TEXT_MAP = { kind: 'map', key: /^.+$/, of: TEXT } as const;

const HOST_CONFIG: FieldRule = {
  kind: 'object',
  fields: {
    ...{ Binds: TEXTS, CapAdd: TEXTS, CapDrop: TEXTS, CgroupnsMode: TEXT, AutoRemove: FLAG, Init: FLAG },
    ...{ IpcMode: TEXT, PidMode: TEXT, Privileged: FLAG, ReadonlyRootfs: FLAG, SecurityOpt: TEXTS, Tmpfs: TEXT_MAP },
    NetworkMode: TEXT,
    UsernsMode: { kind: 'text', pattern: /^(host)?$/ },
    RestartPolicy: {
      kind: 'object',
      fields: {
        'Name!': { kind: 'text', pattern: /^(no|always|unless-stopped|on-failure)$/ },
        MaximumRetryCount: COUNT,
      },
    },
    // At least 0.01 CPU, and 6 MiB.
    NanoCpus: { kind: 'number', min: 10_000_000 },
    Memory: { kind: 'number', min: 6 * 2 ** 20 },
  },
};

/** Body of `POST /containers/create`. */
export const CREATE_CONTAINER: Fields = {
  'Image!': TEXT,
  ...{ Hostname: TEXT, Domainname: TEXT, User: TEXT, WorkingDir: TEXT, StopSignal: TEXT, Tty: FLAG },
  ...{ Cmd: TEXTS, Entrypoint: TEXTS, Labels: TEXT_MAP },
  Env: { kind: 'list', of: { kind: 'text', pattern: /^[A-Za-z_]\w*(=.*)?$/ } },
  HostConfig: HOST_CONFIG,
};

const BOOLEAN = { kind: 'text', pattern: /^(true|false|1|0)$/ } as const;

/** Queries by operation. */
export const QUERIES: Readonly<Record<string, Fields>> = {
  'POST /containers/create': { name: { kind: 'text', pattern: /^\/?[a-zA-Z0-9][\w.-]+$/ }, platform: TEXT },
  'GET /containers/json': { all: BOOLEAN, limit: TEXT, size: BOOLEAN, filters: TEXT },
  'GET /containers/{id}/json': { size: BOOLEAN },
  'POST /containers/{id}/start': { detachKeys: TEXT },
  'PUT /containers/{id}/archive': { 'path!': TEXT, noOverwriteDirNonDir: TEXT, copyUIDGID: TEXT },
  'DELETE /containers/{id}': { v: BOOLEAN, force: BOOLEAN, link: BOOLEAN },
  'POST /images/create': { 'fromImage!': TEXT, tag: TEXT, platform: TEXT },
  'GET /images/{name}/json': {},
  'GET /info': {},
  'GET /version': {},
  'GET /_ping': {},
};
