import type { AutoscalerFacts, Surroundings } from '@forescale/shared/kubernetes';

/** What else is in a cluster: ConfigMaps, by namespace and name, with their annotations. */
export class FakeSurroundings implements Surroundings {
  readonly configMaps = new Map<string, Readonly<Record<string, string>>>();
  facts: AutoscalerFacts = { clusterAutoscaler: null, deployments: [], nodePools: [], unread: [] };
  /** How often somebody asked for `facts`. */
  looks = 0;
  /** What reading annotations fails with. */
  failure: Error | null = null;
  /** What the answer with `facts` waits for. */
  factsGate: Promise<void> = Promise.resolve();

  async annotations(namespace: string, configMap: string): Promise<Readonly<Record<string, string>> | null> {
    if (this.failure) throw this.failure;
    return this.configMaps.get(`${namespace}/${configMap}`) ?? null;
  }

  async autoscalers(): Promise<AutoscalerFacts> {
    this.looks++;
    await this.factsGate;
    return this.facts;
  }
}
