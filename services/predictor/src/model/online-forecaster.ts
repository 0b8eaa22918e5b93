import {
  type Calendar,
  FORECAST_LEVELS,
  type ForecastAccuracy,
  MAX_LEAD_MINUTES,
  PLAIN_CALENDAR,
} from '@forescale/shared/domain';
import { AccuracyLog } from './accuracy-log.ts';
import { CellCalendar } from './cell-calendar.ts';
import { CellStore } from './cell-store.ts';
import type { Cells } from './cells.ts';
import type { Ensemble } from './ensemble.ts';
import { EventMemory } from './event-memory.ts';
import type { LoadNetwork, Networks, QuantileNetwork } from './network.ts';
import { NetworkMember } from './network-member.ts';
import { NetworkTrial, type TrialResult } from './network-trial.ts';
import { RawWindow } from './raw-window.ts';
import { createEnsemble, type WholeEnsemble } from './shape.ts';
import { rawStepOf, type Sampling, samplingOf } from './steps.ts';
import { type Newest, TickForecaster } from './tick-forecaster.ts';
import { TRAIN_OPTIONS, type TrainedModel, type TrainOptions, trainModel } from './trained-model.ts';

const DAY_MS = 86_400_000;
/** Samples by which the usual step of a series is told, where it was not given. */
const SAMPLES_TO_SETTLE = 6;
const KEPT_CELLS_MAX = 8_064;
const RAW_SAMPLES = 4_096;
/** After a gap of so many cells nothing before it is of use. */
const GAP_CELLS_MAX = 4_032;

export interface OnlineForecasterOptions {
  /** The usual distance between samples; found from the first ones where it is null. */
  readonly rawStepMs: number | null;
  /** Steps in a forecast; null: 12, or 24 for hourly and coarser series. */
  readonly steps: number | null;
  /** The wall clock that people live by, holidays and dated events, from the first sample on; by default UTC, and none. */
  readonly calendarFrom?: (timeMs: number) => Calendar;
}

/** A forecast as `Forecast` in shared has it, without its address. */
export interface OnlineForecast {
  readonly issuedMs: number;
  readonly stepMs: number;
  readonly levels: readonly number[];
  /** Ends of the steps: a quantile is that of the mean over the step that ends there. */
  readonly timesMs: readonly number[];
  readonly quantiles: readonly (readonly number[])[];
  readonly maxQuantiles: readonly (readonly number[])[];
  readonly model: string;
  readonly weights: Readonly<Record<string, number>>;
  readonly accuracy: ForecastAccuracy | null;
}

/** What is known once the step of the series is. */
interface Running {
  readonly sampling: Sampling;
  readonly store: CellStore;
  readonly calendar: Calendar;
  readonly cellCalendar: CellCalendar;
  readonly ticks: TickForecaster;
  ensemble: Ensemble;
  networked: WholeEnsemble['networked'];
  /** Of the ensemble. */
  logOffset: number;
}

/** A network trained for another offset than the ensemble's is told apart from it by no more than this factor. */
const OFFSET_FACTOR_MAX = 1.25;

/**
 * Forecasts one series as its samples come in, at any moment, from nothing but the samples observed so far.
 * Deterministic: the same calls give the same forecasts. It answers from the first sample on, and learns with each;
 * `train` adds what takes longer. Feed history through `observe` to warm it up.
 */
export class OnlineForecaster {
  private readonly options: OnlineForecasterOptions;
  private readonly raw = new RawWindow(RAW_SAMPLES);
  private readonly accuracy = new AccuracyLog(FORECAST_LEVELS);
  private readonly events = new EventMemory();
  private first: { timeMs: number; value: number }[] = [];
  private running: Running | null = null;
  private model: TrainedModel | null = null;
  private network: QuantileNetwork | null = null;
  private trial: { readonly previous: QuantileNetwork; readonly run: NetworkTrial } | null = null;
  private newest: Newest = { timeMs: Number.NEGATIVE_INFINITY, value: 0, samples: 0, mean: 0, meanTimeMs: 0 };
  private lastTickMs = Number.NEGATIVE_INFINITY;
  /** The running cell: its number, and sums over its samples. */
  private cell = 0;
  private sum = 0;
  private timeSum = 0;
  private count = 0;
  /** Where in a cell its samples lie on average. */
  private centreMs = 0;
  private naiveError = 0;

  constructor(options: OnlineForecasterOptions = { rawStepMs: null, steps: null }) {
    this.options = options;
  }

  /**
   * Takes the next sample. One that is not newer than the last, or not finite, is left out: returns false. A late one
   * counts when the history is read anew, for the next training.
   */
  observe(timeMs: number, value: number): boolean {
    if (!(timeMs > this.newest.timeMs) || !Number.isFinite(value) || !Number.isFinite(timeMs)) return false;
    if (this.running) {
      this.take(this.running, timeMs, value);
      return true;
    }
    this.newest = { ...this.newest, timeMs, value };
    this.first.push({ timeMs, value });
    if (this.options.rawStepMs === null && this.first.length < SAMPLES_TO_SETTLE) return true;
    this.settle(this.options.rawStepMs ?? rawStepOf(this.first.map((sample) => sample.timeMs)));
    return true;
  }

  /** The step is known: starts for good with the samples so far. */
  private settle(rawStepMs: number): void {
    const samples = this.first;
    const start = samples[0];
    if (!start) return;
    this.first = [];
    const sampling = samplingOf(rawStepMs, this.options.steps);
    this.cell = Math.floor(start.timeMs / sampling.shapeStepMs);
    this.centreMs = Math.max(0, sampling.shapeStepMs - rawStepMs) / 2;
    const running = this.begin(sampling, start.timeMs, start.value);
    this.running = running;
    this.newest = { ...this.newest, value: start.value };
    for (const { timeMs, value } of samples) this.take(running, timeMs, value);
  }

  /** The cell before the first sample is taken to be like it, so that there is a course from the start. */
  private begin(sampling: Sampling, timeMs: number, value: number): Running {
    const calendar = this.options.calendarFrom?.(timeMs) ?? PLAIN_CALENDAR;
    const cellCalendar = new CellCalendar(calendar, sampling.shapeStepMs);
    const whole = this.createWhole(sampling, cellCalendar, this.cell - 1, offsetOf(value));
    const { ensemble } = whole;
    const store = new CellStore(sampling.shapeStepMs, KEPT_CELLS_MAX);
    ensemble.push(value);
    store.push(this.cell - 1, value, value);
    return {
      sampling,
      store,
      calendar,
      cellCalendar,
      ...whole,
      ticks: new TickForecaster(sampling, ensemble, this.raw),
    };
  }

  private createWhole(sampling: Sampling, calendar: CellCalendar, firstCell: number, offset: number) {
    const { shapeStepMs: stepMs, steps } = sampling;
    const logOffset = this.model?.logOffset ?? offset;
    // Two cells more than are published: one may be running, one may be missing.
    const shape = { stepMs, firstCell, horizon: steps + 2, logOffset, calendar, events: this.events };
    return { ...createEnsemble(shape, this.network, this.model?.unseenFromCell ?? 0), logOffset };
  }

  private take(running: Running, timeMs: number, value: number): void {
    const { shapeStepMs, rawStepMs, tickMs } = running.sampling;
    this.raw.add(timeMs, value);
    this.closeUntil(running, Math.floor(timeMs / shapeStepMs));
    if (Math.floor(timeMs / shapeStepMs) === this.cell) {
      this.sum += value;
      this.timeSum += timeMs - this.cell * shapeStepMs;
      this.count++;
    }
    this.newest = { timeMs, value, samples: this.count, mean: value, meanTimeMs: timeMs };
    // The cell is full when the next sample will lie beyond it.
    if (timeMs + 0.9 * rawStepMs >= (this.cell + 1) * shapeStepMs) this.closeUntil(running, this.cell + 1);
    this.newest = this.withRunningCell(running);
    if (timeMs - this.lastTickMs < 0.95 * tickMs) return;
    this.lastTickMs = timeMs;
    running.ticks.tick(this.newest, this.centreMs, (timeMs, actual, quantile, seasonalNaive) => {
      const quantiles = FORECAST_LEVELS.map(quantile);
      this.accuracy.add({ timeMs, actual, quantiles, seasonalNaive, usualNaiveError: this.naiveError });
    });
  }

  private withRunningCell(running: Running): Newest {
    const { timeMs, value } = this.newest;
    const mean = this.count > 0 ? this.sum / this.count : value;
    const offsetMs = this.count > 0 ? this.timeSum / this.count : 0;
    const meanTimeMs = this.count > 0 ? this.cell * running.sampling.shapeStepMs + offsetMs : timeMs;
    return { timeMs, value, samples: this.count, mean, meanTimeMs };
  }

  /** Closes cells until `cell` is the running one. */
  private closeUntil(running: Running, cell: number): void {
    if (cell - this.cell > GAP_CELLS_MAX) {
      this.emptyCell();
      this.cell = cell;
      const { value } = this.newest;
      Object.assign(running, this.createWhole(running.sampling, running.cellCalendar, cell - 1, offsetOf(value)));
      this.trial = null;
      running.ensemble.push(value);
      running.store.push(cell - 1, value, value);
      running.ticks.replaceEnsemble(running.ensemble);
    }
    for (; this.cell < cell; this.cell++) {
      const mean = this.count > 0 ? this.sum / this.count : Number.NaN;
      if (this.count > 0) {
        const centreMs = this.timeSum / this.count;
        this.centreMs += 0.05 * (centreMs - this.centreMs);
        this.learnNaiveError(running, mean);
      }
      const latest = this.count > 0 ? this.newest.value : Number.NaN;
      running.ensemble.push(mean, latest);
      this.trial?.run.follow();
      running.store.push(this.cell, mean, latest);
      this.emptyCell();
    }
  }

  private emptyCell(): void {
    this.sum = 0;
    this.timeSum = 0;
    this.count = 0;
  }

  private learnNaiveError(running: Running, mean: number): void {
    const { tape } = running.ensemble;
    const back = Math.max(1, Math.round(DAY_MS / running.sampling.shapeStepMs));
    const error = Math.abs(mean - tape.at(Math.max(0, tape.length - Math.min(back, tape.length))));
    this.naiveError += (error - this.naiveError) * Math.max(1 / (7 * back), 1 / (tape.length + 1));
  }

  /** The forecast from the samples observed so far. Null before the first one. */
  forecast(nowMs: number): OnlineForecast | null {
    if (!this.running) {
      if (this.first.length === 0) return null;
      const provisional = new OnlineForecaster({
        ...this.options,
        rawStepMs: rawStepOf(this.first.map((s) => s.timeMs)),
      });
      for (const { timeMs, value } of this.first) provisional.observe(timeMs, value);
      return provisional.forecast(nowMs);
    }
    const { running } = this;
    const { shapeStepMs, steps } = running.sampling;
    // A cell that ended a whole step ago will not get its samples any more.
    this.closeUntil(running, Math.min(this.cell + GAP_CELLS_MAX, Math.floor(nowMs / shapeStepMs) - 1));
    this.newest = this.withRunningCell(running);
    const byTarget = running.ticks.quantiles(this.newest, nowMs, this.centreMs, FORECAST_LEVELS);
    const maxima = byTarget.slice(steps);
    for (let lead = 1; lead < MAX_LEAD_MINUTES.length; lead++) {
      maxima[lead] = (maxima[lead] as number[]).map((value, k) =>
        Math.max(value, (maxima[lead - 1] as number[])[k] as number),
      );
    }
    const transpose = (rows: readonly (readonly number[])[]) =>
      FORECAST_LEVELS.map((_, k) => rows.map((row) => row[k] as number));
    return {
      issuedMs: nowMs,
      stepMs: shapeStepMs,
      levels: FORECAST_LEVELS,
      timesMs: Array.from({ length: steps }, (_, step) => nowMs + (step + 1) * shapeStepMs),
      quantiles: transpose(byTarget.slice(0, steps)),
      maxQuantiles: transpose(maxima),
      model: 'combination',
      weights: running.ensemble.weights(),
      accuracy: this.accuracy.summary(nowMs, running.sampling.tickMs),
    };
  }

  /** The cells of the last weeks, to train on elsewhere; a copy. Null while the step is not known. */
  trainingCells(): { readonly cells: Cells; readonly horizon: number; readonly calendar: Calendar } | null {
    if (!this.running) return null;
    const { store, ensemble, calendar } = this.running;
    return { cells: store.cells(), horizon: ensemble.horizon, calendar };
  }

  /** Trains on the last weeks, starting from the present network, and goes on with the result. */
  async train(
    networks: Networks | null,
    options: TrainOptions = TRAIN_OPTIONS,
    onProgress: (done: number, of: number) => void = () => {},
  ): Promise<void> {
    const known = this.trainingCells();
    if (!known) return;
    const starts = this.model ? [this.model] : [];
    const model = await trainModel(known, networks?.train ?? null, starts, options, onProgress);
    this.adopt(model, networks && model.network ? networks.load(model.network) : null);
  }

  /** The result of the last training; null before it. */
  exportModel(): TrainedModel | null {
    return this.model;
  }

  /** Goes on with a model that was trained elsewhere. False when it was trained for another step or horizon. */
  importModel(model: TrainedModel, loadNetwork: LoadNetwork): boolean {
    const known = this.trainingCells();
    if (known && (model.stepMs !== known.cells.stepMs || model.horizon !== known.horizon)) return false;
    this.adopt(model, model.network ? loadNetwork(model.network) : null);
    return true;
  }

  /**
   * How the present network does against the one before it; null where there was none, or after `endTrial`. One that
   * comes while another is on trial is held against the same one: that is the last that has proved itself.
   */
  trialResult(): TrialResult | null {
    return this.trial?.run.result() ?? null;
  }

  /** Lets go of the network that the present one is held against. */
  endTrial(): void {
    this.trial = null;
  }

  private adopt(model: TrainedModel, network: QuantileNetwork | null): void {
    const present = this.network;
    const previous = this.trial?.previous ?? present;
    this.model = model;
    this.network = network;
    this.trial = null;
    const { running } = this;
    if (!running) return;
    if (!network || !present || !this.exchange(running, model, network)) this.rebuild(running, model);
    const { networked, ensemble } = running;
    if (!previous || !networked || previous.inputs !== networked.features.inputs) return;
    const before = new NetworkMember(previous, networked.features, 0);
    this.trial = { previous, run: new NetworkTrial(ensemble.tape, ensemble.horizon, networked.member, before) };
  }

  /** Exchanges one network for the next in the ensemble as it is, where they fit: nothing else is to be learned anew. */
  private exchange(
    { networked, ensemble, logOffset }: Running,
    model: TrainedModel,
    network: QuantileNetwork,
  ): boolean {
    const factor = Math.max(model.logOffset / logOffset, logOffset / model.logOffset);
    if (!networked || network.inputs !== networked.features.inputs || factor > OFFSET_FACTOR_MAX) return false;
    networked.member.exchange(network);
    ensemble.joined();
    return true;
  }

  /** Goes through all cells again, so that a first network is judged from the start on what it has not seen. */
  private rebuild(running: Running, model: TrainedModel): void {
    const cells = running.store.cells();
    const whole = this.createWhole(running.sampling, running.cellCalendar, cells.firstCell, model.logOffset);
    for (let i = 0; i < cells.means.length; i++) {
      whole.ensemble.push(cells.means[i] as number, cells.latest[i] as number);
    }
    Object.assign(running, whole);
    running.ticks.replaceEnsemble(whole.ensemble);
  }
}

/** For a load of which one value is known: see `typicalOffset`. */
function offsetOf(value: number): number {
  return Math.max(1e-9, 0.2 * Math.abs(value));
}
