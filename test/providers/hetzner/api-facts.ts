import type { Fields } from '../field-rules.ts';

/**
 * Facts of the reference of Hetzner's Cloud API (docs.hetzner.cloud/reference/cloud, as of 2026-11), as far as they are
 * used. `datacenter` was taken out on 2026-07-01.
 */
const ID = { kind: 'number', min: 1 } as const;
const TEXT = { kind: 'text' } as const;
const FLAG = { kind: 'flag' } as const;
const ID_OR_NAME = { kind: 'either', of: [ID, { kind: 'text', pattern: /^[\w.-]+$/ }] } as const;

const LABEL_KEY = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/;

/** Body of `POST /servers`. */
export const CREATE_SERVER: Fields = {
  'name!': { kind: 'text', pattern: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/ },
  'server_type!': ID_OR_NAME,
  'image!': ID_OR_NAME,
  automount: FLAG,
  firewalls: { kind: 'list', of: { kind: 'object', fields: { 'firewall!': ID } }, max: 5 },
  labels: { kind: 'map', key: LABEL_KEY, of: { kind: 'text', pattern: LABEL_VALUE } },
  location: TEXT,
  networks: { kind: 'list', of: ID, max: 3 },
  placement_group: ID,
  public_net: { kind: 'object', fields: { enable_ipv4: FLAG, enable_ipv6: FLAG, ipv4: ID, ipv6: ID } },
  ssh_keys: { kind: 'list', of: TEXT },
  start_after_create: FLAG,
  user_data: { kind: 'text', bytesMax: 32_768 },
  volumes: { kind: 'list', of: ID },
};

/** Query of `GET /servers`. */
export const LIST_SERVERS: Fields = {
  name: TEXT,
  label_selector: TEXT,
  status: TEXT,
  sort: { kind: 'text', pattern: /^(id|name|created)(:asc|:desc)?$/ },
  page: { kind: 'text', pattern: /^[1-9]\d{0,5}$/ },
  per_page: { kind: 'text', pattern: /^([1-9]|[1-4]\d|50)$/ },
};

export const LOCATIONS = ['fsn1', 'nbg1', 'hel1', 'ash', 'hil', 'sin'];
export const IMAGES = ['ubuntu-24.04', 'debian-13'];
/** With net prices as text, in EUR an hour. */
export const SERVER_TYPES: Readonly<Record<string, string>> = {
  cx23: '0.0088000000',
  cx33: '0.0136000000',
  cax11: '0.0096000000',
};
export const IPV4_PRICE = '0.0008000000';
