/** What a purely reactive autoscaler would have: a model of one, moved on step by step beside the real pool. */
export interface ShadowState {
  readonly ready: number;
  /** Ordered, by when they will be Ready; ascending. */
  readonly starting: readonly { readonly readyAtMs: number; readonly nodes: number }[];
  /** Needs of the unneeded window that are not topped by a later one: times ascend, needs descend. */
  readonly peaks: readonly { readonly atMs: number; readonly nodes: number }[];
  readonly startedMs: number;
}

export interface ShadowOptions {
  readonly leadTimeMs: number;
  readonly unneededMs: number;
  readonly minNodes: number;
  readonly maxNodes: number;
}

/** Starts with what the demand needs, and one more. */
export function startShadow(demandNodes: number, nowMs: number, options: ShadowOptions): ShadowState {
  const ready = clamp(Math.ceil(demandNodes) + 1, options);
  return { ready, starting: [], peaks: [], startedMs: nowMs };
}

/**
 * One step as Cluster Autoscaler takes it: what the demand lacks is ordered once it is seen lacking, arrives a lead
 * time later, and leaves when the largest need of the last `unneededMs` was below what there is. `demandNodes` is
 * demand over what a node carries.
 */
export function stepShadow(
  state: ShadowState,
  demandNodes: number,
  nowMs: number,
  options: ShadowOptions,
): ShadowState {
  const need = clamp(Math.ceil(demandNodes), options);
  let { ready } = state;
  const starting = [];
  for (const batch of state.starting) {
    if (batch.readyAtMs <= nowMs) ready += batch.nodes;
    else starting.push(batch);
  }
  const peaks = state.peaks.filter((peak) => peak.nodes > need && peak.atMs > nowMs - options.unneededMs);
  peaks.push({ atMs: nowMs, nodes: need });
  const inFlight = starting.reduce((sum, batch) => sum + batch.nodes, 0);
  const peak = Math.max(need, peaks[0]?.nodes ?? need);
  if (need > ready + inFlight) {
    starting.push({ readyAtMs: nowMs + options.leadTimeMs, nodes: need - ready - inFlight });
  } else if (peak < ready && nowMs - state.startedMs >= options.unneededMs) {
    ready = peak;
  }
  return { ready, starting, peaks, startedMs: state.startedMs };
}

/** Nodes that the shadow pays for. */
export function shadowNodes(state: ShadowState): { readonly ready: number; readonly starting: number } {
  return { ready: state.ready, starting: state.starting.reduce((sum, batch) => sum + batch.nodes, 0) };
}

function clamp(nodes: number, { minNodes, maxNodes }: ShadowOptions): number {
  return Math.min(maxNodes, Math.max(minNodes, nodes));
}
