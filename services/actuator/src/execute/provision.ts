import { asProviderError, type ProviderError } from '../providers/errors.ts';
import type { Machine } from '../providers/port.ts';
import { type ExecuteContext, reasonOf } from './context.ts';
import { isOpen, raiseGroups } from './groups.ts';
import { isQueued, type NodeRecord } from './record.ts';
import { adopt, createMachine, findMachines, type giveUp, refuseFirst, refuseRepeat, stillLeads } from './request.ts';

/** An intent as it stands in the bucket. `isOwn`: this call has written it first, and may take it back. */
interface Intent {
  readonly record: NodeRecord;
  readonly revision: number;
  readonly isOwn: boolean;
}

/**
 * Asks for these nodes, and for those that have waited for their turn, oldest first: as many at once as the providers' rates
 * let through in this tick, the calls' own limits pace them; the rest is written down and waits. All intents are durable
 * before the first call. Where another actuator has planned the pool meanwhile, those that it has not made its own are
 * withdrawn. Resolves when every call was answered or given up; never rejects, since a failed call is news for planning,
 * and a failed write leaves the journal to be read anew.
 */
export async function provision(context: ExecuteContext, wanted: readonly NodeRecord[], nowMs: number): Promise<void> {
  const { journal } = context;
  const waiting = journal.records().filter((record) => isQueued(record) && context.isCounted(record.requestId));
  const hasTurn = turns(context);
  const writes = [
    ...waiting.filter(hasTurn).map((record) => writeTurn(context, record, nowMs)),
    ...wanted.map((record) => writeIntent(context, hasTurn(record) ? record : { ...record, queued: true })),
  ];
  const intents = (await Promise.all(writes)).filter((one) => one !== null);
  if (intents.length === 0) return;
  if (!(await stillLeads(context))) {
    const own = intents.filter(({ isOwn }) => isOwn);
    await Promise.allSettled(own.map(({ record, revision }) => journal.withdraw(record.requestId, revision)));
    return;
  }
  const sent = intents.map(({ record }) => record).filter((record) => !isQueued(record));
  for (const record of sent)
    context.onEvent({ event: 'requested', record, timeMs: nowMs, seconds: null, why: record.why });
  const isGrouped = (record: NodeRecord) => isOpen(context, record);
  await Promise.all([
    ...sent.filter((record) => !isGrouped(record)).map((record) => sendRequest(context, record, refuseFirst, nowMs)),
    raiseGroups(context, sent.filter(isGrouped), refuseFirst, nowMs),
  ]);
}

/**
 * Whether the next machine of its place may still be asked for in this tick; each that may takes up a turn. A group is
 * asked for all of its machines at once.
 */
function turns(context: ExecuteContext): (record: NodeRecord) => boolean {
  const left = new Map<string, number>();
  return (record) => {
    const { offering } = record;
    if (isOpen(context, record)) return true;
    const place = `${offering.provider} ${offering.region}`;
    const room = left.get(place) ?? context.machines.createsWithin(offering, context.sendMs());
    left.set(place, room - 1);
    return room >= 1;
  };
}

/** Null: it is not written, and the failure is told. */
async function writeIntent(context: ExecuteContext, record: NodeRecord): Promise<Intent | null> {
  try {
    return { record, revision: await context.journal.add(record), isOwn: true };
  } catch (error) {
    context.onTrouble(`${record.requestId} was not asked for: its intent cannot be written: ${reasonOf(error)}`);
    return null;
  }
}

/** Its turn has come: from now on its call may have been sent, and its times count. Null as above. */
async function writeTurn(context: ExecuteContext, { requestId }: NodeRecord, nowMs: number): Promise<Intent | null> {
  try {
    const record = await context.journal.update(requestId, { queued: false, createdMs: nowMs });
    return { record, revision: 0, isOwn: false };
  } catch (error) {
    context.onTrouble(`${requestId} waits on: that its turn has come cannot be written: ${reasonOf(error)}`);
    return null;
  }
}

/**
 * Repeats the call of a record that was left `intended`, with the same token. Written again first, so that a process that
 * has been overtaken cannot take it back any more.
 */
export async function repeatRequest(context: ExecuteContext, record: NodeRecord, nowMs: number): Promise<void> {
  await context.journal.update(record.requestId, {});
  await sendRequest(context, record, refuseRepeat, nowMs);
}

/** Sends the call of an `intended` record and writes down the answer; a refusal is `refused`'s. */
async function sendRequest(
  context: ExecuteContext,
  record: NodeRecord,
  refused: typeof giveUp,
  nowMs: number,
): Promise<void> {
  try {
    const outcome = await createOrAdopt(context, record);
    if (outcome.machines.length > 0) await adopt(context, record, outcome.machines, context.clock.nowMs());
    else if (outcome.error !== null) await refused(context, record, outcome.error, nowMs);
  } catch (error) {
    context.onTrouble(`${record.requestId}: the answer cannot be written down: ${reasonOf(error)}`);
  }
}

interface Outcome {
  readonly machines: readonly Machine[];
  /** Null together with no machines: nobody knows, and the intent stays open. */
  readonly error: ProviderError | null;
}

async function createOrAdopt(context: ExecuteContext, record: NodeRecord): Promise<Outcome> {
  let error: ProviderError;
  try {
    const { machines, failures } = await createMachine(context, record);
    if (failures[0]) context.onTrouble(`${record.requestId}: ${failures[0].message}`);
    return { machines, error: null };
  } catch (cause) {
    error = asProviderError(cause);
  }
  if (!error.ambiguous) return { machines: [], error };
  // It may have been carried out: look before concluding anything.
  try {
    const found = await findMachines(context, record);
    if (found.length > 0) return { machines: found, error: null };
  } catch (cause) {
    context.onTrouble(`${record.requestId}: ${error.message}; looking for it failed too: ${reasonOf(cause)}`);
    return { machines: [], error: null };
  }
  context.onTrouble(`${record.requestId}: ${error.message}; not found, and asked for again at the next tick`);
  return { machines: [], error: null };
}
