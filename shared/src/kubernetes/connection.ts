import { KubeConfig } from '@kubernetes/client-node';
import type { Config } from '../config/index.ts';

/**
 * The API server that the configuration names: `url` for a plain one such as the simulated, else the given
 * kubeconfig, else what the client finds by itself (a pod's service account, KUBECONFIG, ~/.kube/config).
 */
export function connectKubernetes(config: Pick<Config['kubernetes'], 'url' | 'kubeconfig' | 'context'>): KubeConfig {
  const kube = new KubeConfig();
  if (config.url !== null) {
    kube.loadFromOptions({
      // Without TLS there is nothing to verify; the client wants that said.
      clusters: [{ name: 'forescale', server: config.url, skipTLSVerify: config.url.startsWith('http:') }],
      users: [{ name: 'forescale' }],
      contexts: [{ name: 'forescale', cluster: 'forescale', user: 'forescale' }],
      currentContext: 'forescale',
    });
  } else if (config.kubeconfig !== null) {
    kube.loadFromFile(config.kubeconfig);
  } else {
    kube.loadFromDefault();
  }
  if (config.context !== null) kube.setCurrentContext(config.context);
  return kube;
}
