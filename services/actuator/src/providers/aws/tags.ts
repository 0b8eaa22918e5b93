import type { Tag } from '@aws-sdk/client-ec2';

/**
 * What tells our machines from others. No key has a slash in it: a machine could not read its tags from its metadata then,
 * and reads its own name there.
 */
export const CLUSTER_TAG = 'forescale:cluster';
export const POOL_TAG = 'forescale:pool';
export const REQUEST_TAG = 'forescale:request';
export const NODE_TAG = 'forescale:node';

/** Given by auto scaling itself to what its groups make. */
export const GROUP_TAG = 'aws:autoscaling:groupName';

export function asTags(values: Readonly<Record<string, string>>): Tag[] {
  return Object.entries(values).map(([Key, Value]) => ({ Key, Value }));
}

export function tagValues(tags: readonly Tag[] | undefined): ReadonlyMap<string, string> {
  return new Map((tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
}
