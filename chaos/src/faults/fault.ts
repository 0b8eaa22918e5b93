/**
 * How one call goes wrong:
 * - `unavailable`: refused at once (5xx), and not carried out.
 * - `reset`: the connection breaks before the request is carried out.
 * - `lost`: carried out, and the connection breaks before the answer comes.
 * - `silent`: no answer ever; not carried out.
 * - `silent-done`: no answer ever; carried out.
 * - the rest: a provider's refusals, by class.
 */
export type Fate =
  | 'unavailable'
  | 'reset'
  | 'lost'
  | 'silent'
  | 'silent-done'
  | 'throttled'
  | 'auth'
  | 'capacity'
  | 'quota'
  | 'conflict';

interface Span {
  /** In words, for the schedule. */
  readonly name: string;
  readonly fromMs: number;
  readonly untilMs: number;
  /** By when waits are over that the design prescribes after it, such as a registration time-out. */
  readonly settledMs: number;
}

/** A share of the calls of some kinds fails. */
export interface CallFault extends Span {
  readonly on: 'calls';
  /** Prefixes: `provider.`, `kube.evict`, `state.`, … */
  readonly calls: readonly string[];
  readonly share: number;
  readonly fates: readonly Fate[];
  /** Only creations of these offerings, by id; null: all. */
  readonly offerings: readonly string[] | null;
}

/** Something happens to machines or nodes. */
export interface WorldFault extends Span {
  readonly on: 'world';
  readonly what:
    | 'kubelets-stop'
    | 'machines-killed'
    | 'nodes-deleted'
    | 'never-registers'
    | 'slow-boots'
    | 'spot-storm'
    | 'stuck-budget';
  /** How many machines, at most; of `spot-storm` all, and of `slow-boots` the factor. */
  readonly count: number;
}

/** Something happens to the process of the actuator. */
export interface ProcessFault extends Span {
  readonly on: 'process';
  readonly what: 'killed' | 'killed-at' | 'frozen' | 'frozen-at' | 'doubled' | 'clock-jump';
  /** Of `killed-at` and `frozen-at`: at which call, after how many of them, and at which edge of it. */
  readonly calls: string;
  readonly after: number;
  readonly edge: 'before' | 'after';
  /** Of `frozen` and `frozen-at`. */
  readonly forMs: number;
  /** Of `clock-jump`. */
  readonly skewMs: number;
}

/** The load is so many times what it would be. */
export interface Surge extends Span {
  readonly on: 'load';
  readonly factor: number;
}

export type Fault = CallFault | WorldFault | ProcessFault | Surge;

export interface Storm {
  readonly faults: readonly Fault[];
  readonly fromMs: number;
  /** When the last fault and the waits that belong to it are over. */
  readonly settledMs: number;
}
