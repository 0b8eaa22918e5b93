/** A server that listens for autoscalers. */
export interface ScalerServer {
  /** Where it listens; the one that was given to it where 0 was asked for. */
  readonly port: number;
  close(): Promise<void>;
}
