import type { OfferingConfig } from '@forescale/shared/config';
import { offeringsOf } from '../plan/index.ts';
import { asProviderError } from '../providers/errors.ts';
import type { Held, PlaceholderSize } from '../providers/port.ts';
import type { ExecuteContext } from './context.ts';
import type { Room } from './machines.ts';

/** Has so many placeholders hold room; resolves to what is held now, null where that is not known. */
export async function holdRoom(
  { pool, onFailure }: ExecuteContext,
  room: Room,
  { replicas, size }: { readonly replicas: number; readonly size: PlaceholderSize },
  generation: number,
  nowMs: number,
): Promise<Held | null> {
  const { selector: nodeSelector, template } = pool;
  try {
    await room.hold({ pool: pool.name, generation, replicas, size, nodeSelector, taints: template.taints });
    return { replicas, size, generation, problem: null };
  } catch (error) {
    const { errorClass, message } = asProviderError(error);
    const [offering] = offeringsOf(pool);
    onFailure({
      stage: 'create',
      nodeName: 'placeholders',
      offering: offering as OfferingConfig,
      errorClass,
      mark: null,
      message,
      timeMs: nowMs,
    });
    return null;
  }
}
