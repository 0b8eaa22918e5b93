import type { AutoscalerFacts, Surroundings } from '@forescale/shared/kubernetes';

/** What else is in a cluster: ConfigMaps, by namespace and name, with their annotations. */
export class FakeSurroundings implements Surroundings {
  readonly configMaps = new Map<string, Readonly<Record<string, string>>>();
  facts: AutoscalerFacts = { clusterAutoscaler: null, deployments: [], nodePools: [], unread: [] };
  /** How often somebody asked for `facts`. */
  looks = 0;
  /** What reading annotations fails with. */
  failure: Error | null = null;
  /** What reading `facts` fails with. */
  factsFailure: Error | null = null;

  annotations(namespace: string, configMap: string): Promise<Readonly<Record<string, string>> | null> {
    return this.#answer(this.failure, () => this.configMaps.get(`${namespace}/${configMap}`) ?? null);
  }

  autoscalers(): Promise<AutoscalerFacts> {
    this.looks++;
    return this.#answer(this.factsFailure, () => this.facts);
  }

  async #answer<T>(failure: Error | null, answer: () => T): Promise<T> {
    if (failure) throw failure;
    return answer();
  }
}
