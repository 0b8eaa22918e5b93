import { z } from 'zod';
import type { LabelRequirement, NeighbourRule, PodRules, PodSelection } from './placement.ts';

const requirement = z.object({ key: z.string(), operator: z.string(), values: z.array(z.string()).default([]) });
const requirements = z.array(requirement).default([]);

const selector = z.object({
  matchLabels: z.record(z.string(), z.string()).default({}),
  matchExpressions: requirements,
});

const labelKeys = z.array(z.string()).default([]);

const podTerm = z.object({
  topologyKey: z.string(),
  labelSelector: selector.optional(),
  matchLabelKeys: labelKeys,
  namespaces: z.array(z.string()).default([]),
  namespaceSelector: z.looseObject({}).optional(),
});

const podTerms = z
  .object({ requiredDuringSchedulingIgnoredDuringExecution: z.array(podTerm).default([]) })
  .prefault({})
  .transform((raw) => raw.requiredDuringSchedulingIgnoredDuringExecution);

const nodeTerms = z
  .object({
    requiredDuringSchedulingIgnoredDuringExecution: z
      .object({ nodeSelectorTerms: z.array(z.object({ matchExpressions: requirements, matchFields: requirements })) })
      .optional(),
  })
  .prefault({})
  .transform((raw) => raw.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []);

/** The fields of a pod's spec, as Kubernetes has them, that `podRules` reads. */
export const podRulesSchema = z.object({
  affinity: z.object({ nodeAffinity: nodeTerms, podAffinity: podTerms, podAntiAffinity: podTerms }).prefault({}),
  topologySpreadConstraints: z
    .array(
      z.object({
        topologyKey: z.string(),
        maxSkew: z.number().min(1),
        whenUnsatisfiable: z.string().default('DoNotSchedule'),
        labelSelector: selector.optional(),
        matchLabelKeys: labelKeys,
      }),
    )
    .default([]),
});

type PodTerm = z.output<typeof podTerm>;
type Owner = { readonly namespace: string; readonly labels: Readonly<Record<string, string>> };

/** What a pod requires of its node and its neighbours; null where that is nothing, as of most pods. */
export function podRules(spec: z.output<typeof podRulesSchema>, owner: Owner): PodRules | null {
  const { affinity, topologySpreadConstraints } = spec;
  const spread = topologySpreadConstraints
    .filter((one) => one.whenUnsatisfiable === 'DoNotSchedule')
    .map(({ topologyKey, maxSkew, labelSelector, matchLabelKeys }) => {
      const pods = { namespaces: [owner.namespace], requirements: selected(labelSelector, matchLabelKeys, owner) };
      return { topologyKey, maxSkew, pods };
    });
  const rules: PodRules = {
    // A node's name, which only `matchFields` knows, is no label: a term that asks for one matches none.
    nodeTerms: affinity.nodeAffinity.map((term) => {
      const all = [...term.matchExpressions, ...term.matchFields];
      return all.length === 0 ? [NEVER] : all.map(understood);
    }),
    apartFrom: affinity.podAntiAffinity.map((term) => neighbourRule(term, owner)),
    besides: affinity.podAffinity.map((term) => neighbourRule(term, owner)),
    spread,
  };
  return Object.values(rules).every((list) => list.length === 0) ? null : rules;
}

/** Which namespaces a `namespaceSelector` means is not looked up: it counts as all of them. */
function neighbourRule(term: PodTerm, owner: Owner): NeighbourRule {
  const { topologyKey, namespaces, namespaceSelector, labelSelector, matchLabelKeys } = term;
  const named = namespaces.length > 0 ? namespaces : [owner.namespace];
  const pods: PodSelection = {
    namespaces: namespaceSelector === undefined ? named : null,
    requirements: selected(labelSelector, matchLabelKeys, owner),
  };
  return { topologyKey, pods };
}

const NEVER: LabelRequirement = { key: '', operator: 'In', values: [] };

/** An absent selector selects no pod. */
function selected(
  labels: z.output<typeof selector> | undefined,
  matchLabelKeys: readonly string[],
  owner: Owner,
): LabelRequirement[] {
  if (labels === undefined) return [NEVER];
  const own = matchLabelKeys.flatMap((key): LabelRequirement[] => {
    const value = owner.labels[key];
    return value === undefined ? [] : [{ key, operator: 'In', values: [value] }];
  });
  const equal = Object.entries(labels.matchLabels).map(([key, value]): LabelRequirement => {
    return { key, operator: 'In', values: [value] };
  });
  return [...equal, ...own, ...labels.matchExpressions.map(understood)];
}

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'] as const;

/** An operator of a later Kubernetes is met by nothing. */
function understood({ key, operator, values }: z.output<typeof requirement>): LabelRequirement {
  const known = OPERATORS.find((one) => one === operator);
  return known === undefined ? NEVER : { key, operator: known, values };
}
