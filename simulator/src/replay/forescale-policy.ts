import {
  EMPTY_MEMORY,
  type MixSolver,
  offeringId,
  type PlanMemory,
  plan,
  REFUSED_MARK_MS,
  withFailures,
} from '@forescale/actuator/plan';
import type { SignalConfig } from '@forescale/shared/config';
import type { Forecast } from '@forescale/shared/domain';
import type { Policy } from './policy.ts';

/** Where the forecasts of a replay come from. It is fed in order, and knows nothing but what it was fed. */
export interface ReplayForecaster {
  observe(timeMs: number, value: number): void;
  /** From the samples observed so far; null while there is nothing to say. */
  forecast(nowMs: number): Forecast | null;
  /** Learns from all samples observed so far; called before the first forecast, and then as often as the pool says. */
  train(nowMs: number): Promise<void>;
}

export interface ForescaleSetup {
  readonly signal: SignalConfig;
  readonly stepMs: number;
  readonly leadTimeMs: number;
  readonly forecastAt: (nowMs: number) => Forecast | null;
  readonly solve: MixSolver | null;
}

/** The planning core itself, on the machines of the replay. */
export function forescalePolicy(setup: ForescaleSetup): Policy {
  const { signal, stepMs, leadTimeMs, forecastAt, solve } = setup;
  let memory: PlanMemory = EMPTY_MEMORY;
  return {
    decide({ nowMs, demand, machines, pool }) {
      const forecast = forecastAt(nowMs);
      const nodes = machines.nodes();
      const state = {
        nodes,
        starting: machines.starting(),
        pendingPods: machines.pendingPods(),
        readings: [{ signal: signal.name, timeMs: nowMs, value: demand }],
        unreadForecasts: [],
        leadTimeMs,
        tickMs: stepMs,
        cluster: { nodes: nodes.length, unready: nodes.filter(({ phase }) => phase === 'notready').length },
        override: null,
        memory,
      };
      const planned = plan(state, forecast === null ? [] : [forecast], pool, nowMs, solve);
      memory = planned.memory;
      return { actions: planned.actions, desired: planned.report.desired };
    },
    onCreateFailure(offering, nowMs) {
      memory = withFailures(memory, [offeringId(offering)], nowMs, REFUSED_MARK_MS);
    },
  };
}
