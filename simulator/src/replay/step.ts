import type { Decision, Policy, PolicyView } from './policy.ts';
import type { Tally } from './summary.ts';
import type { ReplayTimeline } from './timeline.ts';

/** Creations refused within a step are tried elsewhere within the step, so many times. */
const TRIES_PER_STEP = 3;

/** Where a step is written down. */
interface StepRecord {
  readonly timerMs: () => number;
  readonly tally: Tally;
  readonly timeline: ReplayTimeline;
  readonly capacityPerNode: number;
}

/** Lets the policy decide, carries that out, and writes the row; `row` is negative before the first scored step. */
export function takeStep(record: StepRecord, view: PolicyView, policy: Policy, row: number): void {
  const { timerMs, tally, timeline, capacityPerNode } = record;
  const startMs = timerMs();
  let decision: Decision = policy.decide(view);
  const tookMs = timerMs() - startMs;
  let outcome = act(decision, view, policy);
  let { ups } = outcome;
  for (let attempt = 1; outcome.refused && attempt < TRIES_PER_STEP; attempt++) {
    decision = policy.decide(view);
    outcome = act(decision, view, policy);
    ups += outcome.ups;
  }
  if (row < 0) return;
  tally.decisionsMs[row] = tookMs;
  if (ups > 0) tally.scaleUps++;
  if (outcome.downs > 0) tally.scaleDowns++;
  const count = view.machines.count();
  timeline.capacityReady[row] = count.readyUnits * capacityPerNode;
  timeline.nodesReady[row] = count.ready;
  timeline.nodesStarting[row] = count.starting;
  timeline.nodesDraining[row] = count.draining;
  timeline.nodesSpot[row] = count.spot;
  timeline.nodesDesired[row] = decision.desired;
  timeline.usdPerHour[row] = count.usdPerHour;
}

/** Carries a decision out. `refused`: some creation was, and the policy has been told. */
export function act({ actions }: Decision, { machines, nowMs }: PolicyView, policy: Policy) {
  let [ups, downs, refused] = [0, 0, false];
  for (const action of actions) {
    if (action.kind === 'create') {
      for (let i = 0; i < action.count; i++) {
        if (machines.create(action.offering, nowMs)) ups++;
        else {
          refused = true;
          policy.onCreateFailure(action.offering, nowMs);
        }
      }
    } else if (action.kind === 'drain') {
      machines.drain(action.nodeName, nowMs);
      downs++;
    } else if (action.kind === 'cancel-drain') machines.cancelDrain(action.nodeName);
    else if (action.kind === 'cancel-start') machines.cancelStart(action.requestId, nowMs);
  }
  return { ups, downs, refused };
}
