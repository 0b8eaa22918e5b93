import { rfc3339 } from '@forescale/shared/wire';
import type { Action } from '../plan/index.ts';
import { actionCount, actionTarget } from './announce.ts';

const KEPT_MAX = 100;

/** One thing that was done; in mode `observe` that would be done. */
export interface Decision {
  readonly time: string;
  readonly mode: 'observe' | 'enforce';
  readonly kind: string;
  readonly target: string;
  readonly count: number;
  readonly why: string;
}

/** A pool's last decisions, newest first. */
export class DecisionLog {
  #kept: Decision[] = [];
  /** What the plan before wanted: in `observe` nothing comes of it, so that it is wanted again at every tick. */
  #wanted = new Set<string>();

  get newestFirst(): readonly Decision[] {
    return this.#kept;
  }

  add(decision: Omit<Decision, 'time'>, timeMs: number): void {
    this.#kept = [{ time: rfc3339(timeMs), ...decision }, ...this.#kept].slice(0, KEPT_MAX);
  }

  /** Takes in the actions of a plan; resolves to those that the plan before did not want already. */
  addPlan(actions: readonly Action[], mode: 'observe' | 'enforce', timeMs: number): readonly Action[] {
    const identity = (action: Action) =>
      `${action.kind} ${actionTarget(action)}${action.kind === 'headroom' ? ` ${action.replicas}` : ''}`;
    const fresh = actions.filter((action) => mode === 'enforce' || !this.#wanted.has(identity(action)));
    this.#wanted = new Set(actions.map(identity));
    for (const action of fresh) {
      this.add(
        { mode, kind: action.kind, target: actionTarget(action), count: actionCount(action), why: action.reason },
        timeMs,
      );
    }
    return fresh;
  }
}
