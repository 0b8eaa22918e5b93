import { parseQuantity, podRulesSchema } from '@forescale/shared/domain';
import { z } from 'zod';
import type { KindName } from '../objects/kinds.ts';
import { isMicroTime, wholeSeconds } from '../objects/timestamps.ts';

// What the simulator itself relies on in objects that clients write. Everything else passes as it is.

/** A fault that a real server finds while decoding: it answers 400 where other faults get 422. */
export const UNDECODABLE = { undecodable: true };

const QUALIFIED_KEY = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const DNS_SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

const quantity = z
  .union([z.string(), z.number()])
  .transform(String)
  .refine((value) => parseQuantity(value) !== null, {
    error: 'quantities must match the regular expression of a Kubernetes quantity',
    params: UNDECODABLE,
  });

const time = z.string().transform((value, context) => {
  const seconds = wholeSeconds(value);
  if (seconds !== null) return seconds;
  context.addIssue({ code: 'custom', message: `parsing time ${JSON.stringify(value)} failed`, params: UNDECODABLE });
  return z.NEVER;
});

const microTime = z.string().refine(isMicroTime, {
  error: ({ input }) => `parsing time ${JSON.stringify(input)} as "2006-01-02T15:04:05.000000Z07:00" failed`,
  params: UNDECODABLE,
});

const count = z.int().min(0, 'must be greater than or equal to 0');
const labelKey = z.string().regex(QUALIFIED_KEY, 'name part must consist of alphanumeric characters, "-", "_" or "."');
const labels = z.record(labelKey, z.string().regex(LABEL_VALUE, 'a valid label must be at most 63 characters'));
const quantities = z.record(z.string(), quantity);

const metadata = z.looseObject({
  name: z
    .string()
    .regex(DNS_SUBDOMAIN, 'a lowercase RFC 1123 subdomain must consist of lower case characters')
    .optional(),
  generateName: z.string().optional(),
  namespace: z.string().optional(),
  resourceVersion: z.string().optional(),
  uid: z.string().optional(),
  labels: labels.optional(),
  annotations: z.record(labelKey, z.string()).optional(),
  finalizers: z.array(z.string()).optional(),
  ownerReferences: z
    .array(z.looseObject({ apiVersion: z.string(), kind: z.string(), name: z.string(), uid: z.string() }))
    .optional(),
});

const selector = z.looseObject({
  matchLabels: labels.optional(),
  matchExpressions: z
    .array(
      z.looseObject({
        key: labelKey,
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: z.array(z.string()).optional(),
      }),
    )
    .optional(),
});

const effect = z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']);
const conditions = z
  .array(z.looseObject({ type: z.string(), status: z.enum(['True', 'False', 'Unknown']) }))
  .optional();

const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  resources: z.looseObject({ requests: quantities.optional(), limits: quantities.optional() }).optional(),
});

const podSpec = z
  .looseObject({
    nodeName: z.string().optional(),
    priority: z.int().optional(),
    terminationGracePeriodSeconds: count.optional(),
    nodeSelector: labels.optional(),
    containers: z.array(container).min(1, 'Required value'),
    initContainers: z.array(container).optional(),
    overhead: quantities.optional(),
    tolerations: z
      .array(
        z.looseObject({
          key: z.string().optional(),
          operator: z.enum(['Equal', 'Exists']).optional(),
          value: z.string().optional(),
          effect: effect.optional(),
          tolerationSeconds: z.int().optional(),
        }),
      )
      .optional(),
  })
  .superRefine((spec, context) => {
    for (const { message, path } of podRulesSchema.safeParse(spec).error?.issues ?? []) {
      context.addIssue({ code: 'custom', message, path, params: UNDECODABLE });
    }
  });

const template = z.looseObject({ metadata: z.looseObject({ labels: labels.optional() }).optional(), spec: podSpec });

const replicated = z.looseObject({
  metadata,
  spec: z
    .looseObject({ replicas: count.optional(), selector, template })
    .refine(({ selector: { matchLabels = {} }, template: { metadata: meta } }) => {
      return Object.entries(matchLabels).every(([key, value]) => meta?.labels?.[key] === value);
    }, '`selector` does not match template `labels`'),
});

const countOrShare = z.union([count, z.string().regex(/^\d+%$/, 'must be an integer or a percentage')]);

const machineGroup = z.strictObject({
  metadata,
  spec: z.strictObject({
    clusterName: z.string().min(1),
    replicas: count.optional(),
    selector: selector.optional(),
    template: z.looseObject({
      metadata: z.looseObject({ labels: labels.optional() }).optional(),
      spec: z.looseObject({}),
    }),
    minReadySeconds: count.optional(),
    paused: z.boolean().optional(),
    strategy: z.looseObject({}).optional(),
    providerIDList: z.array(z.string()).optional(),
  }),
  status: z.looseObject({ conditions }).optional(),
});

export const SCHEMAS: Readonly<Record<KindName, z.ZodType>> = {
  nodes: z.looseObject({
    metadata,
    spec: z
      .looseObject({
        providerID: z.string().optional(),
        unschedulable: z.boolean().optional(),
        taints: z.array(z.looseObject({ key: labelKey, value: z.string().optional(), effect })).optional(),
      })
      .optional(),
    status: z
      .looseObject({ allocatable: quantities.optional(), capacity: quantities.optional(), conditions })
      .optional(),
  }),
  namespaces: z.looseObject({ metadata }),
  pods: z.looseObject({
    metadata,
    spec: podSpec,
    status: z
      .looseObject({
        phase: z.enum(['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown']).optional(),
        conditions,
      })
      .optional(),
  }),
  events: z.looseObject({
    metadata,
    involvedObject: z.looseObject({ kind: z.string().optional(), name: z.string().optional() }),
    eventTime: microTime.optional(),
    firstTimestamp: time.optional(),
    lastTimestamp: time.optional(),
    series: z.looseObject({ lastObservedTime: microTime.optional() }).optional(),
  }),
  configmaps: z.looseObject({ metadata, data: z.record(z.string(), z.string()).optional() }),
  leases: z.looseObject({
    metadata,
    spec: z
      .looseObject({
        holderIdentity: z.string().optional(),
        leaseDurationSeconds: z.int().positive('must be greater than 0').optional(),
        leaseTransitions: count.optional(),
        acquireTime: microTime.optional(),
        renewTime: microTime.optional(),
      })
      .optional(),
  }),
  deployments: replicated,
  replicasets: replicated,
  daemonsets: z.looseObject({ metadata, spec: z.looseObject({ selector, template }) }),
  poddisruptionbudgets: z.looseObject({
    metadata,
    spec: z
      .looseObject({
        selector: selector.optional(),
        minAvailable: countOrShare.optional(),
        maxUnavailable: countOrShare.optional(),
        unhealthyPodEvictionPolicy: z.enum(['IfHealthyBudget', 'AlwaysAllow']).optional(),
      })
      .refine(
        (spec) => spec.minAvailable === undefined || spec.maxUnavailable === undefined,
        'minAvailable and maxUnavailable cannot be both set',
      ),
  }),
  nodepools: z.looseObject({ metadata, spec: z.looseObject({}).optional() }),
  podtemplates: z.strictObject({ metadata, template }),
  priorityclasses: z.strictObject({
    metadata,
    value: z.int().max(1_000_000_000, 'must be at most 1000000000 for a class that users define'),
    globalDefault: z.boolean().optional(),
    preemptionPolicy: z.enum(['PreemptLowerPriority', 'Never']).optional(),
    description: z.string().optional(),
  }),
  capacitybuffers: z.strictObject({
    metadata,
    spec: z
      .strictObject({
        provisioningStrategy: z.string().default('buffer.x-k8s.io/active-capacity'),
        podTemplateRef: z.strictObject({ name: z.string().min(1) }).optional(),
        scalableRef: z.strictObject({ apiGroup: z.string().optional(), kind: z.string(), name: z.string() }).optional(),
        replicas: count.optional(),
        percentage: count.optional(),
        limits: quantities.optional(),
      })
      .refine(
        ({ podTemplateRef, replicas, limits }) =>
          podTemplateRef === undefined || replicas !== undefined || limits !== undefined,
        'replicas or limits must be set with podTemplateRef',
      )
      .refine(
        ({ podTemplateRef, scalableRef }) => podTemplateRef === undefined || scalableRef === undefined,
        'either podTemplateRef or scalableRef, but not both',
      ),
    status: z.looseObject({ conditions }).optional(),
  }),
  machinedeployments: machineGroup,
  machinepools: machineGroup,
  machines: z.strictObject({
    metadata,
    spec: z.looseObject({ clusterName: z.string().min(1), providerID: z.string().optional() }),
    status: z.looseObject({ phase: z.string().optional(), conditions }).optional(),
  }),
};
