import type { PoolConfig } from '@forescale/shared/config';
import { type Asked, parseScaleAsk, type ScaleAsk } from './ask.ts';
import { AskError, shown } from './errors.ts';
import type { Loads } from './loads.ts';

/** Metadata of a trigger that are KEDA's own: how it reaches a scaler. */
const OF_KEDA = ['scalerAddress', 'enableTLS', 'unsafeSsl', 'tlsCertFile', 'caCert', 'tlsClientCert', 'tlsClientKey'];

export interface ScaledObjectRef {
  readonly scalerMetadata: Asked;
}

export interface MetricsRequest {
  readonly scaledObjectRef: ScaledObjectRef | null;
  readonly metricName: string;
}

/** KEDA's calls, as the published interface names them. Rejects with `AskError` and `UnknownLoadError`. */
export class KedaCalls {
  readonly #pools: readonly PoolConfig[];
  readonly #loads: Pick<Loads, 'ahead'>;

  constructor(pools: readonly PoolConfig[], loads: Pick<Loads, 'ahead'>) {
    this.#pools = pools;
    this.#loads = loads;
  }

  async isActive(ref: ScaledObjectRef): Promise<boolean> {
    const ask = this.#ask(ref);
    return (await this.#loads.ahead(ask)).value > ask.activation;
  }

  /** Whole numbers are for a KEDA of before there were others: rounded so that there are rather more replicas. */
  metricSpec(ref: ScaledObjectRef) {
    const ask = this.#ask(ref);
    const targetSize = Math.max(1, Math.floor(ask.target));
    return { metricSpecs: [{ metricName: nameOf(ask), targetSize, targetSizeFloat: ask.target }] };
  }

  async metrics({ scaledObjectRef, metricName }: MetricsRequest) {
    const ask = this.#ask(scaledObjectRef ?? { scalerMetadata: {} });
    const name = nameOf(ask);
    if (metricName !== name) throw new AskError(`metricName = ${shown(metricName)}; allowed: ${name}`);
    const load = await this.#loads.ahead(ask);
    const metricValue = Math.min(Math.ceil(load.value), Number.MAX_SAFE_INTEGER);
    return { load, answer: { metricValues: [{ metricName: name, metricValue, metricValueFloat: load.value }] } };
  }

  #ask({ scalerMetadata }: ScaledObjectRef): ScaleAsk {
    return parseScaleAsk(scalerMetadata, this.#pools, OF_KEDA);
  }
}

/** "forescale-web-rps". */
function nameOf({ pool, signal }: ScaleAsk): string {
  return `forescale-${pool.name}-${signal.name}`;
}
