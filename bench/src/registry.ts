import type { RunBenchmark } from './benchmark.ts';

export interface BenchmarkEntry {
  readonly name: string;
  readonly summary: string;
  /** As commander takes them; `--json` is there for all. */
  readonly options: readonly (readonly [flags: string, description: string])[];
  /** Loads the file that measures, when it is called. */
  readonly load: () => Promise<{ readonly run: RunBenchmark }>;
}

/** All benchmarks. A new one is a file with a `run`, and an entry here. */
export const BENCHMARKS: readonly BenchmarkEntry[] = [
  {
    name: 'forecast',
    summary: 'accuracy, calibration and speed of the forecasts, beside peers',
    options: [
      ['--trace <files...>', 'CSV with the header timestamp,value; generated loads without it'],
      ['--horizon <steps>', 'how many steps ahead; without it 12, and 24 for hourly and coarser traces'],
      ['--origins <count>', 'how many forecasts a trace; 60 without it'],
      ['--prophet-origins <count>', 'how many of them prophet is asked for, as it is slow; 6 without it, 0: none'],
      ['--no-peers', 'measures our own methods only'],
      ['--picture <file>', 'where the SVG goes; bench/results/forecast.svg without it'],
      ['--markdown <file>', 'also writes the tables into it, between <!-- bench: forecast --> and <!-- bench: end -->'],
    ],
    load: () => import('./forecast/forecast.ts'),
  },
  {
    name: 'train',
    summary: 'time and memory of training and of forecasting many series',
    options: [
      ['--series <count>', 'how many; 1000 without it'],
      ['--days <days>', 'how much history each has, in 5-min steps; 14 without it'],
    ],
    load: () => import('./train.ts'),
  },
  {
    name: 'plan',
    summary: 'time and memory of one plan, by the size of the cluster',
    options: [
      ['--nodes <counts>', 'sizes of the cluster; 100,1000,5000 without it'],
      ['--repeats <count>', 'plans of each of three situations; 100 without it'],
    ],
    load: () => import('./plan/plan.ts'),
  },
  {
    name: 'provision',
    summary: 'time to ask for many machines at once and to get the answers, beside one after another',
    options: [
      ['--nodes <count>', 'how many; 100 without it'],
      ['--latency <duration>', "the provider's, of a call that makes a machine; 2s without it"],
      ['--rate <calls>', 'a second that the provider allows, where it has a limit; 20 without it'],
      ['--sequential-nodes <count>', 'how many one after another, each of which takes the latency; 5 without it'],
      ['--picture <file>', 'where the SVG goes; bench/results/provision.svg without it'],
    ],
    load: () => import('./provision/provision.ts'),
  },
  {
    name: 'read',
    summary: 'time and memory of knowing the cluster at every tick: listed whole, or watched',
    options: [
      ['--nodes <counts>', 'sizes of the cluster, of 30 pods a node; 100,1000,5000 without it'],
      ['--mode <name>', 'list or watch; both without it'],
      ['--ticks <count>', 'how many minutes; 5 without it'],
    ],
    load: () => import('./read/read.ts'),
  },
  {
    name: 'start',
    summary: 'time from the start of a service to ready, and the size of the installation, without optional packages',
    options: [
      ['--runs <count>', 'starts of each service; 5 without it'],
      ['--services <names>', 'some of collector,predictor,actuator; all without it'],
    ],
    load: () => import('./start/start.ts'),
  },
  {
    name: 'footprint',
    summary:
      'memory and processor of each service in a cluster with four weeks of history, beside what the chart asks for',
    options: [
      ['--nodes <count>', 'of ten pods each; 100 without it'],
      ['--minutes <count>', 'how long; 5 without it'],
    ],
    load: () => import('./footprint/footprint.ts'),
  },
  {
    name: 'page',
    summary: 'the page on 30 days of 1-min data: what it loads, when it is seen, and whether it keeps up',
    options: [['--days <count>', 'days of history; 30 without it']],
    load: () => import('./page/page.ts'),
  },
  {
    name: 'autoscale',
    summary: 'unmet demand against cost: Forescale beside reactive and other policies, each at all of its settings',
    options: [
      ['--trace <files...>', 'CSV with the header timestamp,value; generated loads of one-minute steps without it'],
      ['--boot <durations>', 'from request to Ready; "180s,600s" without it'],
      ['--timelines <dir>', 'where the timelines of the best settings go; none are written without it'],
      ['--picture <file>', 'where the SVG goes; bench/results/autoscale.svg without it'],
    ],
    load: () => import('./autoscale/autoscale.ts'),
  },
  {
    name: 'workloads',
    summary: 'all policies on all shapes of load, through whole simulated clusters with pods and scheduler',
    options: [
      ['--shape <names...>', 'only these shapes; all without it'],
      ['--hours <hours>', 'of each shape, after a week of history; 12 without it'],
      ['--seed <number>', 'seed of loads and clusters; 1 without it'],
      ['--picture <file>', 'where the SVG goes; bench/results/workloads.svg without it'],
    ],
    load: () => import('./workloads/workloads.ts'),
  },
  {
    name: 'collect',
    summary:
      "one collector's sustained rate into InfluxDB and from NATS, beside a bare client's; needs influxd and nats-server",
    options: [
      ['--points <count>', 'written into InfluxDB; 1000000 without it'],
      ['--messages <count>', 'KPIs over NATS; 200000 without it'],
    ],
    load: () => import('./collect/collect.ts'),
  },
  {
    name: 'quality',
    summary:
      'what the collector marks as outliers, of loads as they are and of what is put into them, and what looking costs',
    options: [
      ['--trace <files...>', 'CSV with the header timestamp,value; generated loads without it'],
      ['--seed <number>', 'where something is put in; 1 without it'],
    ],
    load: () => import('./quality/quality.ts'),
  },
];
