import { driven, namesOf, requestOf, signal } from '../driver.ts';
import { openAzureTarget } from './target.ts';

const sent = new Map<string, unknown>();

/** The body of a machine as the provider sends it; asked for once. */
export async function sentBody(capacityType: 'on_demand' | 'spot'): Promise<Record<string, unknown>> {
  if (!sent.has(capacityType)) {
    const target = await openAzureTarget('machines');
    const offering = capacityType === 'spot' && target.spot ? target.spot : target.onDemand;
    await driven(target, target.provider.create(requestOf(target, namesOf(1)[0] ?? '', offering), signal()));
    sent.set(capacityType, target.endpoint.bodies[0]);
    await target.close();
  }
  return structuredClone(sent.get(capacityType)) as Record<string, unknown>;
}
