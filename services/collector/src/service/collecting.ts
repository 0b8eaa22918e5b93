import type { BusMessage } from '@forescale/shared/bus';
import type { Sample } from '@forescale/shared/domain';
import { inSpan, type Traceparent } from '@forescale/shared/telemetry';

/**
 * Makes samples safe in the span `collect`, which their live copies carry on: it follows from the newest of `senders` and is
 * linked to the others; without any, it is a part of what is at work, or a trace begins with it.
 */
export async function collecting(
  source: string,
  samples: readonly Sample[],
  senders: readonly Traceparent[],
  write: () => Promise<void>,
): Promise<void> {
  if (samples.length === 0) return await write();
  const attributes = { 'forescale.source': source, 'forescale.samples': samples.length };
  await inSpan('collect', { parent: senders.at(-1), links: senders, attributes }, write);
}

/** In which spans the messages were published, oldest first. */
export function tracesOf(batch: readonly BusMessage[]): readonly Traceparent[] {
  return batch.map(({ traceparent }) => traceparent).filter((one) => one !== undefined);
}
