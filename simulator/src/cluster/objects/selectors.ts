import { badRequest } from './errors.ts';
import type { KindName } from './kinds.ts';
import type { LabelSelector, Labels, PodObject, StoredObject } from './objects.ts';

export type Matcher = (object: StoredObject) => boolean;
type LabelMatcher = (labels: Labels) => boolean;

const NO_LABELS: Labels = {};

/** A part of a label selector: `key`, `!key`, `key=value`, `key!=value`, `key in (a,b)`, `key notin (a,b)`. */
const REQUIREMENT =
  /^(?:(!)\s*([^\s!=(),]+)|([^\s!=(),]+)(?:\s*(==|=|!=)\s*([^\s!=(),]*)|\s+(in|notin)\s*\(([^()]*)\))?)$/;

/** What a `labelSelector` in a query asks for; answers 400 when it cannot be read. */
function parseLabelSelector(text: string): LabelMatcher {
  const requirements = splitOutsideParentheses(text)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => parseRequirement(part, text));
  return (labels) => requirements.every((requirement) => requirement(labels));
}

function splitOutsideParentheses(text: string): string[] {
  return text.split(/,(?![^(]*\))/);
}

function parseRequirement(part: string, whole: string): LabelMatcher {
  const match = REQUIREMENT.exec(part);
  if (match === null) throw badRequest(`unable to parse requirement: found '${part}' in selector '${whole}'`);
  const [, , absentKey, key = '', operator, value = '', setOperator, set = ''] = match;
  if (absentKey !== undefined) return (labels) => labels[absentKey] === undefined;
  if (operator === '!=') return (labels) => labels[key] !== value;
  if (operator !== undefined) return (labels) => labels[key] === value;
  if (setOperator === undefined) return (labels) => labels[key] !== undefined;
  const values = new Set(set.split(',').map((item) => item.trim()));
  if (setOperator === 'in') return (labels) => labels[key] !== undefined && values.has(labels[key]);
  return (labels) => labels[key] === undefined || !values.has(labels[key]);
}

/** Whether a selector in a spec covers these labels. An empty one covers all, an absent one nothing. */
export function selects(selector: LabelSelector | undefined, labels: Labels = NO_LABELS): boolean {
  if (selector === undefined) return false;
  for (const [key, value] of Object.entries(selector.matchLabels ?? NO_LABELS)) {
    if (labels[key] !== value) return false;
  }
  return (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === 'Exists') return value !== undefined;
    if (operator === 'DoesNotExist') return value === undefined;
    if (operator === 'In') return value !== undefined && values.includes(value);
    return value === undefined || !values.includes(value);
  });
}

/** `a=b,c in (d)`: how a selector in a spec is written as text. */
export function selectorText(selector: LabelSelector): string {
  const equal = Object.entries(selector.matchLabels ?? NO_LABELS).map(([key, value]) => `${key}=${value}`);
  const sets = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
  });
  return [...equal, ...sets].join(',');
}

type FieldReader = (object: StoredObject) => string;

const METADATA_FIELDS: Readonly<Record<string, FieldReader>> = {
  'metadata.name': (object) => object.metadata.name,
  'metadata.namespace': (object) => object.metadata.namespace ?? '',
};

function pod(read: (pod: PodObject) => string | undefined): FieldReader {
  return (object) => read(object as unknown as PodObject) ?? '';
}

function text(...path: readonly [string, string]): FieldReader {
  return (object) => {
    const outer = object[path[0]] as Readonly<Record<string, unknown>> | undefined;
    const value = outer?.[path[1]];
    return typeof value === 'string' || typeof value === 'boolean' ? String(value) : '';
  };
}

/** The fields that each kind can be selected by, as of a real server. */
const FIELDS: Readonly<Partial<Record<KindName, Readonly<Record<string, FieldReader>>>>> = {
  pods: {
    'spec.nodeName': pod((p) => p.spec.nodeName),
    'spec.schedulerName': pod((p) => p.spec.schedulerName),
    'spec.restartPolicy': text('spec', 'restartPolicy'),
    'status.phase': pod((p) => p.status.phase),
    'status.podIP': pod((p) => p.status.podIP),
  },
  nodes: { 'spec.unschedulable': (object) => (object.spec?.unschedulable === true ? 'true' : 'false') },
  events: {
    'involvedObject.kind': text('involvedObject', 'kind'),
    'involvedObject.namespace': text('involvedObject', 'namespace'),
    'involvedObject.name': text('involvedObject', 'name'),
    'involvedObject.uid': text('involvedObject', 'uid'),
    reason: (object) => (typeof object.reason === 'string' ? object.reason : ''),
    type: (object) => (typeof object.type === 'string' ? object.type : ''),
  },
};

/** What a `fieldSelector` in a query asks for; answers 400 for a field that the kind does not offer. */
function parseFieldSelector(kind: KindName, selector: string): Matcher {
  const terms = selector.split(',').filter((term) => term !== '');
  const parsed = terms.map((term) => {
    const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(term);
    if (match === null) throw badRequest(`invalid field selector "${selector}"; can't understand '${term}'`);
    const [, field = '', operator, value = ''] = match;
    const read = METADATA_FIELDS[field] ?? FIELDS[kind]?.[field];
    if (read === undefined) throw badRequest(`field label not supported: ${field}`);
    const equal = operator !== '!=';
    return (object: StoredObject) => (read(object) === value) === equal;
  });
  return (object) => parsed.every((term) => term(object));
}

/** Both selectors of a query as one; null when it has neither, so that whoever lists can skip the test. */
export function parseSelectors(kind: KindName, labelSelector: string, fieldSelector: string): Matcher | null {
  if (labelSelector === '' && fieldSelector === '') return null;
  const labels = parseLabelSelector(labelSelector);
  const fields = parseFieldSelector(kind, fieldSelector);
  return (object) => labels(object.metadata.labels ?? NO_LABELS) && fields(object);
}
