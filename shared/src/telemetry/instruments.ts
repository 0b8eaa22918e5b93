import { createNoopMeter, type Meter } from '@opentelemetry/api';

// From a few seconds (a container) to half an hour (bare metal that must be installed first).
const READINESS_SECONDS = [5, 10, 20, 30, 45, 60, 90, 120, 180, 240, 300, 450, 600, 900, 1_800];

// From a pool of ten nodes to one of thousands.
const PLAN_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];

/** The gauge of which a reader must keep a distribution, and its buckets. */
export const LEAD_TIME = {
  name: 'forescale.scaling.lead.time',
  boundariesSeconds: [-900, -600, -300, -180, -60, 0, 60, 180, 300, 600, 900, 1_800, 3_600],
} as const;

/** Every instrument that Forescale records, under its public name. */
export function createInstruments(meter: Meter) {
  const seconds = (name: string, description: string) =>
    meter.createHistogram(name, { unit: 's', description, advice: { explicitBucketBoundaries: READINESS_SECONDS } });
  return {
    scalingLatency: seconds('forescale.scaling.latency', 'From need exceeding capacity to the node being Ready'),
    // A histogram refuses what is negative, and the nodes that came late are the ones to see: a gauge, of which
    // the reader keeps a distribution.
    scalingLeadTime: meter.createGauge(LEAD_TIME.name, {
      unit: 's',
      description: 'How long before it was needed a node was Ready; negative when it came late',
    }),
    nodeReadinessTime: seconds('forescale.node.readiness.time', 'From request to Ready'),
    nodeStartTime: seconds('forescale.node.start.time', 'From request to launched, registered, Ready, useful'),
    nodeCreateDuration: seconds('forescale.node.create.duration', "The provider's create call"),
    costRate: meter.createGauge('forescale.cost.rate', {
      unit: 'USD/h',
      description: 'What the pool costs now, by prices that are configured, live or static',
    }),
    costByCapacity: meter.createGauge('forescale.cost.rate.by_capacity', {
      unit: 'USD/h',
      description: 'The same, by how the machines are bought',
    }),
    costSavedRate: meter.createGauge('forescale.cost.saved.rate', {
      unit: 'USD/h',
      description: 'Saved against a baseline',
    }),
    signalValue: meter.createGauge('forescale.signal.value', {
      description: 'What a signal is now, in its own unit, its sources combined',
    }),
    forecastValue: meter.createGauge('forescale.forecast.value', {
      description: 'Quantiles of what a signal will be in so many minutes, in its own unit',
    }),
    forecastError: meter.createGauge('forescale.forecast.error', {
      description: 'Weighted quantile loss over the last day',
    }),
    forecastRelativeError: meter.createGauge('forescale.forecast.relative_error', {
      description: "Absolute error over the seasonal-naive forecast's, over the last day; above 1 is worse",
    }),
    forecastRejected: meter.createGauge('forescale.forecast.rejected', {
      description: '1 while the newest forecast of a signal is not used',
    }),
    forecastCoverage: meter.createGauge('forescale.forecast.coverage', {
      description: 'Share of actual values at or below a level',
    }),
    modelRollbacks: meter.createCounter('forescale.model.rollbacks', {
      description: 'Trained models that forecast worse than the ones before',
    }),
    planDuration: meter.createHistogram('forescale.plan.duration', {
      unit: 's',
      description: 'Time to decide',
      advice: { explicitBucketBoundaries: PLAN_SECONDS },
    }),
    providerErrors: meter.createCounter('forescale.provider.errors', { description: 'Failed provider calls by class' }),
    breakerState: meter.createGauge('forescale.breaker.state', { description: '0 closed, 1 half open, 2 open' }),
    spotInterruptions: meter.createCounter('forescale.spot.interruptions', { description: 'Spot nodes taken back' }),
    nodes: meter.createGauge('forescale.nodes', { description: 'Nodes by state' }),
    nodesBounds: meter.createGauge('forescale.nodes.bounds', {
      description: 'Nodes that the plan needs, and the floor and ceiling in force',
    }),
    nodesByCapacity: meter.createGauge('forescale.nodes.by_capacity', {
      description: 'Nodes that are paid for, Ready or on their way, by how they are bought',
    }),
    nodesWantedBack: meter.createCounter('forescale.nodes.wanted_back', {
      description: 'Nodes ordered or kept within half an hour of letting as many go',
    }),
    samplesWritten: meter.createCounter('forescale.samples.written', {
      description: 'Samples that the store has confirmed',
    }),
    samplesSpooled: meter.createCounter('forescale.samples.spooled', {
      description: 'Samples kept aside while the store is away',
    }),
    samplesWaiting: meter.createGauge('forescale.samples.waiting', {
      description: 'Samples on the disk of the spool, not yet in the store',
    }),
    samplesDropped: meter.createCounter('forescale.samples.dropped', {
      description: 'Samples refused or over the limit',
    }),
    samplesFlagged: meter.createCounter('forescale.samples.flagged', {
      description: 'Samples that were kept although something is odd of them, by reason',
    }),
    sourceUp: meter.createGauge('forescale.source.up', {
      description: '1 while a source of samples is heard of and what it says can be taken, else 0',
    }),
    sourceAge: meter.createGauge('forescale.source.age', {
      unit: 's',
      description: 'Since the newest sample of a source',
    }),
    sourceLag: meter.createGauge('forescale.source.lag', {
      unit: 's',
      description: 'How old the newest sample of a source was when it came; below 0 its clock is ahead of ours',
    }),
    // Asked at every scrape: it is true while no tick runs, too.
    ready: meter.createObservableGauge('forescale.ready', {
      description: '1 while the service is ready, 0 while /readyz says why not',
    }),
    leader: meter.createGauge('forescale.leader', { description: '1 while this actuator leads, 0 while it stands by' }),
    safeToScale: meter.createGauge('forescale.safe_to_scale', { description: '1 while the cluster breaker is closed' }),
  };
}

export type Instruments = ReturnType<typeof createInstruments>;

/** Instruments that record nothing, for tests and one-off commands. */
export function silentInstruments(): Instruments {
  return createInstruments(createNoopMeter());
}
