import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

/** What a measurement was made on. Timings mean little where `load` was not near 0 before. */
export interface Machine {
  readonly started: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memory_gb: number;
  readonly platform: string;
  readonly node: string;
  /** Runnable processes over the last minute. */
  readonly load: number;
}

export function machine(): Machine {
  return {
    started: new Date().toISOString(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory_gb: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    load: Math.round(100 * (loadavg()[0] ?? 0)) / 100,
  };
}

export function machineText({ cpu, cores, memory_gb, node, load }: Machine): string {
  return `${cores} x ${cpu}, ${memory_gb} GB, Node ${node}, load ${load}`;
}
