import { join } from 'node:path';
import { integerOption } from '@forescale/cli/output';
import { selectBackend } from '@forescale/predictor/tensor';
import { type Flags, listFlag, type Row, type RunBenchmark, type Stage, textFlag } from '../benchmark.ts';
import { checkWritable, RESULTS } from '../outputs.ts';
import { measureTrace, type Protocol, unitsOfTrace } from './measure.ts';
import { type Measurement, rowOf } from './method-run.ts';
import { isThere } from './peer-process.ts';
import { PEERS, type Peer } from './peers.ts';
import { writePicture } from './picture.ts';
import { pageWithMarks, refreshMarkdown, reportOf } from './report.ts';
import { baseOf, summarise } from './summary.ts';
import { tracesOf } from './traces.ts';

interface ForecastOptions extends Protocol {
  readonly picture: string;
  readonly markdown: string | undefined;
}

/** Every member, the combination, and the peers that this machine has: one run, one grid, the same origins. */
export const run: RunBenchmark = async (flags, stage) => {
  const options = optionsOf(flags);
  await checkWritable('--picture', options.picture);
  if (options.markdown !== undefined) await pageWithMarks(options.markdown);
  const traces = await tracesOf(listFlag(flags, 'trace'));
  const peers = flags.peers === false ? [] : await peersHere(stage, options);
  const backend = await selectBackend();
  const units = unitsOfTrace(peers);
  let done = 0;
  const measurements: Measurement[] = [];
  for (const trace of traces) {
    const progress = (ofTrace: number) => stage.progress(done + ofTrace, units * traces.length);
    measurements.push(...(await measureTrace(trace, peers, options, stage.signal, progress)));
    stage.signal.throwIfAborted();
    done += units;
  }
  const summary = summarise(measurements);
  const report = reportOf(measurements, summary, baseOf(measurements), backend.name, stage.machine);
  await writePicture(options.picture, measurements, summary, baseOf(measurements));
  if (options.markdown !== undefined) await refreshMarkdown(options.markdown, report.markdown);
  stage.say(`picture: ${options.picture}`);
  return { rows: measurements.map(rowOf), summary: summary.map((one): Row => ({ ...one })), words: report.words };
};

function optionsOf(flags: Flags): ForecastOptions {
  const integer = (name: string, key: string, usual: string, min: number, max: number) =>
    integerOption(name, textFlag(flags, key) ?? usual, min, max);
  const horizon = textFlag(flags, 'horizon');
  return {
    horizon: horizon === undefined ? null : integerOption('--horizon', horizon, 1, 2_016),
    origins: integer('--origins', 'origins', '60', 1, 10_000),
    slowOrigins: integer('--prophet-origins', 'prophetOrigins', '6', 0, 10_000),
    picture: textFlag(flags, 'picture') ?? join(RESULTS, 'forecast.svg'),
    markdown: textFlag(flags, 'markdown'),
  };
}

/** The peers that can run; of the others it is said how to get them. */
async function peersHere(stage: Stage, { slowOrigins }: ForecastOptions): Promise<Peer[]> {
  const here: Peer[] = [];
  for (const peer of PEERS) {
    if (peer.slow && slowOrigins === 0) continue;
    if (await isThere(peer, stage.signal)) here.push(peer);
    else stage.say(`without ${peer.name}, which is not on this machine: ${peer.install}`);
  }
  return here;
}
