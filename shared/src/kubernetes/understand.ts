import { z } from 'zod';
import { KubernetesRefusedError } from './errors.ts';

/**
 * `value`, of the API, as `schema` wants it. Throws `KubernetesRefusedError` with the first field that is not
 * understood, and whose it is; `what` is the kind of object.
 */
export function understand<Schema extends z.ZodType>(what: string, schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const name = named.safeParse(value).data?.metadata.name;
  const field = issue?.path.join('.') || 'the answer';
  throw new KubernetesRefusedError(0, `${what}${name ? ` ${name}` : ''}: ${field}: ${issue?.message}`, {
    cause: result.error,
  });
}

const named = z.object({ metadata: z.object({ name: z.string() }) });
