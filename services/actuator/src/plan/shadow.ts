/** A need that later ones have not topped, and when it was seen. */
export interface Peak {
  readonly atMs: number;
  readonly nodes: number;
}

/** What a reactive autoscaler orders, or lets go, in one step. At most one of the two is above 0. */
export interface ReactiveStep {
  readonly order: number;
  readonly release: number;
  /** For the next step: needs of the window, times ascending, needs descending. */
  readonly peaks: readonly Peak[];
}

/**
 * One step as Cluster Autoscaler takes it: what is lacking is ordered once it is seen lacking, counting what has been
 * ordered already; what was above the largest need of the last `unneededMs` leaves. `startedMs` is when the window began.
 */
export function stepReactive(
  need: number,
  fleet: { readonly ready: number; readonly starting: number },
  before: { readonly peaks: readonly Peak[]; readonly startedMs: number },
  nowMs: number,
  unneededMs: number,
): ReactiveStep {
  const peaks = before.peaks.filter((peak) => peak.nodes > need && peak.atMs > nowMs - unneededMs);
  peaks.push({ atMs: nowMs, nodes: need });
  const largest = (peaks[0] as Peak).nodes;
  const missing = need - fleet.ready - fleet.starting;
  if (missing > 0) return { order: missing, release: 0, peaks };
  const seenLong = nowMs - before.startedMs >= unneededMs;
  return { order: 0, release: seenLong ? Math.max(0, fleet.ready - largest) : 0, peaks };
}

/** What a purely reactive autoscaler would have: moved on step by step beside the real pool. Plain data. */
export interface ShadowState {
  readonly ready: number;
  /** Ordered, by when they will be Ready; ascending. */
  readonly starting: readonly { readonly readyAtMs: number; readonly nodes: number }[];
  readonly peaks: readonly Peak[];
  readonly startedMs: number;
}

export interface ShadowOptions {
  readonly leadTimeMs: number;
  readonly unneededMs: number;
  readonly minNodes: number;
  readonly maxNodes: number;
}

/** Starts with what the demand needs, and one more. `demandNodes` is demand over what a node carries. */
export function startShadow(demandNodes: number, nowMs: number, options: ShadowOptions): ShadowState {
  return { ready: clamp(demandNodes + 1, options), starting: [], peaks: [], startedMs: nowMs };
}

/** Moves the shadow on to `nowMs`: what it ordered arrives a lead time later, and what it lets go is gone at once. */
export function stepShadow(
  state: ShadowState,
  demandNodes: number,
  nowMs: number,
  options: ShadowOptions,
): ShadowState {
  const starting = state.starting.filter((batch) => batch.readyAtMs > nowMs);
  let { ready } = state;
  for (const batch of state.starting) if (batch.readyAtMs <= nowMs) ready += batch.nodes;
  const inFlight = shadowNodes({ ...state, starting }).starting;
  const step = stepReactive(
    clamp(demandNodes, options),
    { ready, starting: inFlight },
    state,
    nowMs,
    options.unneededMs,
  );
  if (step.order > 0) starting.push({ readyAtMs: nowMs + options.leadTimeMs, nodes: step.order });
  return { ready: ready - step.release, starting, peaks: step.peaks, startedMs: state.startedMs };
}

/** Nodes that the shadow pays for. */
export function shadowNodes(state: ShadowState): { readonly ready: number; readonly starting: number } {
  return { ready: state.ready, starting: state.starting.reduce((sum, batch) => sum + batch.nodes, 0) };
}

function clamp(nodes: number, { minNodes, maxNodes }: ShadowOptions): number {
  return Math.min(maxNodes, Math.max(minNodes, Math.ceil(nodes - 1e-9)));
}
