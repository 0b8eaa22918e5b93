import { z } from 'zod';

/** What is read of Compute Engine's answers. Numbers of 64 bits come as text, what is empty does not come at all. */

const PAGE_ITEMS_MAX = 10_000;
const text = z.string().max(2_048);
const time = z.string().transform((iso, context) => {
  const ms = Date.parse(iso);
  if (Number.isFinite(ms)) return ms;
  context.addIssue('no time');
  return z.NEVER;
});

/** The rest is kept, since an operation that failed is also what says why. */
export const operationSchema = z.looseObject({
  name: text.min(1),
  status: z.enum(['PENDING', 'RUNNING', 'DONE']),
  insertTime: time.optional(),
  httpErrorStatusCode: z.number().optional(),
  error: z.unknown().optional(),
});
export type Operation = z.output<typeof operationSchema>;

export const instanceSchema = z.object({
  id: text.min(1),
  name: text.min(1),
  zone: text.min(1),
  status: text.min(1),
  creationTimestamp: time,
  labels: z.record(z.string(), text).default({}),
});
export type Instance = z.output<typeof instanceSchema>;

const warning = z.object({ code: text.default(''), message: text.default('') }).optional();
const nextPageToken = text.optional();

/** A scope that says nothing has no `instances`, and a warning that says so. */
export const instancePageSchema = z.object({
  items: z
    .record(text, z.object({ instances: z.array(instanceSchema).max(PAGE_ITEMS_MAX).default([]), warning }))
    .default({}),
  unreachables: z.array(text).max(PAGE_ITEMS_MAX).default([]),
  warning,
  nextPageToken,
});

export const operationPageSchema = z.object({
  items: z
    .array(z.object({ targetId: text.default(''), insertTime: time.optional() }))
    .max(PAGE_ITEMS_MAX)
    .default([]),
  nextPageToken,
});

export const groupSchema = z.object({
  targetSize: z.number().int().min(0),
  status: z.object({ autoscaler: text.optional() }).default({}),
});

/** One that waits in a queue has no `instance`; one whose machine is not there has no `instanceStatus`. */
export const managedPageSchema = z.object({
  managedInstances: z
    .array(
      z.object({
        id: text.default(''),
        instance: text.default(''),
        instanceStatus: text.default(''),
        currentAction: text.default('NONE'),
      }),
    )
    .max(PAGE_ITEMS_MAX)
    .default([]),
  nextPageToken,
});
export type Managed = z.output<typeof managedPageSchema>['managedInstances'][number];

export const groupErrorPageSchema = z.object({
  items: z
    .array(
      z.object({
        timestamp: time,
        error: z.object({ code: text.default(''), message: text.default('') }),
      }),
    )
    .max(PAGE_ITEMS_MAX)
    .default([]),
  nextPageToken,
});

export const nodePoolSchema = z.object({
  instanceGroupUrls: z.array(text).max(100).default([]),
  autoscaling: z.object({ enabled: z.boolean().default(false) }).default({ enabled: false }),
});

export const permissionsSchema = z.object({ permissions: z.array(text).max(1_000).default([]) });
