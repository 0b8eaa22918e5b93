import type { Taint } from '@forescale/shared/domain';
import { ProviderError } from '../errors.ts';
import type { MachineRequest } from '../port.ts';

const LABELS_MAX = 100;

/** Names of the Kubernetes API. All of them mean themselves in YAML, in a shell and in a unit of systemd. */
const NODE_NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
const KEY = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/;

/** A kubelet that is to give itself any other label of Kubernetes' own refuses to start. */
const OWN_PREFIX = /(^|\.)(kubernetes\.io|k8s\.io)$/;
const ALLOWED_PREFIX = /(^|\.)(kubelet\.kubernetes\.io|node\.kubernetes\.io)$/;
const ALLOWED_KEYS: readonly string[] = [
  'kubernetes.io/arch',
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'beta.kubernetes.io/os',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
];

/** What a node registers with, each as the kubelet's options write it. */
export interface NodeIdentity {
  readonly name: string;
  /** `key=value` */
  readonly labels: readonly string[];
  /** `key=value:Effect`, or `key:Effect`. */
  readonly taints: readonly string[];
}

/** Throws `ProviderError` of class `config` for what Kubernetes would refuse, in one line with field and value. */
export function nodeIdentity({ nodeName, labels, taints }: MachineRequest): NodeIdentity {
  if (!NODE_NAME.test(nodeName)) throw refused('node name', nodeName, 'a name of a-z, 0-9, "-" and "."');
  if (Object.keys(labels).length > LABELS_MAX) throw refused('labels', '…', `at most ${LABELS_MAX}`);
  return {
    name: nodeName,
    labels: Object.entries(labels).map(([key, value]) => label(key, value)),
    taints: taints.map(taintText),
  };
}

function label(key: string, value: string): string {
  if (!KEY.test(key)) throw refused('label', key, 'a label of Kubernetes');
  if (!VALUE.test(value))
    throw refused(`label ${key}`, value, 'a value of at most 63 letters, digits, "-", "_" and "."');
  const prefix = key.includes('/') ? key.slice(0, key.indexOf('/')) : '';
  if (OWN_PREFIX.test(prefix) && !ALLOWED_PREFIX.test(prefix) && !ALLOWED_KEYS.includes(key))
    throw refused('label', key, 'a label that a kubelet may give itself');
  return `${key}=${value}`;
}

function taintText({ key, value, effect }: Taint): string {
  if (!KEY.test(key)) throw refused('taint', key, 'a key of Kubernetes');
  if (!VALUE.test(value)) throw refused(`taint ${key}`, value, 'a value of letters, digits, "-", "_" and "."');
  return value === '' ? `${key}:${effect}` : `${key}=${value}:${effect}`;
}

export function refused(field: string, value: string, allowed: string): ProviderError {
  return new ProviderError('config', `${field} ${inOneLine(value.slice(0, 80))}: allowed: ${allowed}`);
}

/** Quoted, with what JSON leaves of control characters escaped too. */
function inOneLine(value: string): string {
  return JSON.stringify(value).replaceAll(
    /\p{Cc}/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
