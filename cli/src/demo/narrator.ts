import type { Bus } from '@forescale/shared/bus';
import { decodeEvent, planSchema, subjects } from '@forescale/shared/wire';

/** Prints what the actuator decides and why, one line per decision, as a subscriber of its plans. */
export async function narrate(bus: Bus, pool: string, out: NodeJS.WriteStream): Promise<void> {
  await bus.subscribe(subjects.plan(pool), ({ data }) => {
    const plan = decodeEvent(data, planSchema);
    for (const { kind, target, count, why } of plan.actions) {
      const what = count > 1 ? `${kind} ${count} x ${target}` : `${kind} ${target}`;
      const would = plan.mode === 'observe' ? 'would ' : '';
      out.write(`${clockText(plan.time)}  ${would}${what}: ${why}\n`);
    }
  });
}

function clockText(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(5, 16).replace('T', ' ');
}
