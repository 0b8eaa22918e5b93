/** One row for each scored step, kept as columns: 5 million rows take 320 MB as they are, and 1 GB as objects. */
export interface ReplayTimeline {
  readonly rows: number;
  readonly startMs: number;
  readonly stepMs: number;
  readonly demand: Float64Array;
  readonly capacityReady: Float64Array;
  readonly nodesReady: Int32Array;
  readonly nodesStarting: Int32Array;
  readonly nodesDraining: Int32Array;
  readonly nodesSpot: Int32Array;
  readonly nodesDesired: Int32Array;
  readonly usdPerHour: Float64Array;
}

const HEADER =
  'timestamp,demand,capacity_ready,nodes_ready,nodes_starting,nodes_draining,nodes_spot,nodes_desired,usd_per_hour';
const ROWS_AT_ONCE = 10_000;

export function createTimeline(startMs: number, stepMs: number, demand: Float64Array): ReplayTimeline {
  const rows = demand.length;
  return {
    rows,
    startMs,
    stepMs,
    demand,
    capacityReady: new Float64Array(rows),
    nodesReady: new Int32Array(rows),
    nodesStarting: new Int32Array(rows),
    nodesDraining: new Int32Array(rows),
    nodesSpot: new Int32Array(rows),
    nodesDesired: new Int32Array(rows),
    usdPerHour: new Float64Array(rows),
  };
}

/** The timeline as CSV, in pieces of many lines. Timestamps are epoch seconds. */
export function* timelineCsv(timeline: ReplayTimeline): Generator<string> {
  yield `${HEADER}\n`;
  let text = '';
  for (let i = 0; i < timeline.rows; i++) {
    text += `${(timeline.startMs + i * timeline.stepMs) / 1_000},${timeline.demand[i]},${timeline.capacityReady[i]},`;
    text += `${timeline.nodesReady[i]},${timeline.nodesStarting[i]},${timeline.nodesDraining[i]},`;
    text += `${timeline.nodesSpot[i]},${timeline.nodesDesired[i]},${Number((timeline.usdPerHour[i] as number).toFixed(6))}\n`;
    if ((i + 1) % ROWS_AT_ONCE !== 0) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}
