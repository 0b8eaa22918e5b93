import { asProviderError, type ProviderError } from '../providers/errors.ts';
import type { Machine } from '../providers/port.ts';
import { type ExecuteContext, reasonOf } from './context.ts';
import { isOpen, raiseGroups } from './groups.ts';
import type { NodeRecord } from './record.ts';
import { adopt, findMachines, giveUp, machineRequest, refuseRepeat, stillLeads } from './request.ts';

/**
 * Asks for all these nodes at once; the calls' own limits pace them. All intents are durable before the first call. Where
 * another actuator has planned the pool meanwhile, those that it has not made its own are withdrawn. Resolves when every call was answered or given up;
 * never rejects, since a failed call is news for planning, and a failed write leaves the journal to be read anew.
 */
export async function provision(context: ExecuteContext, records: readonly NodeRecord[], nowMs: number): Promise<void> {
  const { journal } = context;
  const intents = (await Promise.all(records.map((record) => writeIntent(context, record)))).filter(
    (one) => one !== null,
  );
  if (intents.length === 0) return;
  if (!(await stillLeads(context))) {
    await Promise.allSettled(intents.map(({ record, revision }) => journal.withdraw(record.requestId, revision)));
    return;
  }
  for (const { record } of intents)
    context.onEvent({ event: 'requested', record, timeMs: nowMs, seconds: null, why: record.why });
  const sent = intents.map(({ record }) => record);
  const isGrouped = (record: NodeRecord) => isOpen(context, record);
  const single = sent.filter((record) => !isGrouped(record));
  await Promise.all([
    ...single.map((record) => sendRequest(context, record, giveUp, nowMs)),
    raiseGroups(context, sent.filter(isGrouped), giveUp, nowMs),
  ]);
}

/** Null: it is not written, and the failure is told. */
async function writeIntent(
  context: ExecuteContext,
  record: NodeRecord,
): Promise<{ readonly record: NodeRecord; readonly revision: number } | null> {
  try {
    return { record, revision: await context.journal.add(record) };
  } catch (error) {
    context.onTrouble(`${record.requestId} was not asked for: its intent cannot be written: ${reasonOf(error)}`);
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
    const { machines, failures } = await context.machines.create(machineRequest(context, record));
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
