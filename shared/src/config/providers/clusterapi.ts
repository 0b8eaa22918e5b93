import { z } from 'zod';
import { choice, line, list, section, text } from '../issues.ts';
import { limits, limitsOf } from './limits.ts';

const PATH_CHARS_MAX = 4_096;
/** Longer names are in labels as hashes only. */
const objectName = text(/^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/, 'a name of at most 63 characters');
const word = (allowed: string) => text(/^[\w.-]{1,63}$/, allowed);

const machineGroup = section({
  name: objectName,
  kind: choice(['machine_deployment', 'machine_pool']).default('machine_deployment'),
  /** Which offerings its machines are; what is absent is any. */
  instance_type: word('an instance type such as "m7g.xlarge"'),
  region: word('a region').default('local'),
  zone: word('a zone').optional(),
  capacity_type: choice(['on_demand', 'spot']).optional(),
}).transform((raw) => ({
  name: raw.name,
  kind: raw.kind,
  instanceType: raw.instance_type,
  region: raw.region,
  zone: raw.zone ?? null,
  capacityType: raw.capacity_type ?? null,
}));

/** Groups of machines that Cluster API manages. */
export const clusterApiProvider = section({
  kind: z.literal('clusterapi'),
  /** Of the management cluster; absent: the cluster that is scaled manages itself. */
  kubeconfig: line(PATH_CHARS_MAX, 'a path').optional(),
  context: line(253, 'a context of the kubeconfig').optional(),
  /** In which the groups are. */
  namespace: text(/^[a-z0-9-]{1,63}$/, 'a namespace').default('default'),
  groups: list(machineGroup, 1, 100, 'groups').refine(
    (groups) => new Set(groups.map(({ kind, name }) => `${kind} ${name}`)).size === groups.length,
    { error: 'allowed: each group once' },
  ),
  ...limits,
})
  .refine((raw) => raw.context === undefined || raw.kubeconfig !== undefined, {
    path: ['context'],
    error: 'allowed only with kubeconfig',
  })
  .transform((raw) => ({
    kind: raw.kind,
    kubeconfig: raw.kubeconfig ?? null,
    context: raw.context ?? null,
    namespace: raw.namespace,
    groups: raw.groups,
    ...limitsOf(raw),
  }));
