import { isDeepStrictEqual } from 'node:util';
import { KubeConfig, type RequestContext } from '@kubernetes/client-node';
import type { Dispatcher } from 'undici';
import { type Config, ConfigError } from '../config/index.ts';
import { KubernetesUnavailableError } from './errors.ts';

/** The context that the client makes up where it finds none: plain HTTP to localhost:8080, which it then refuses to call. */
const FOUND_NOTHING = 'loaded-context';

/**
 * The API server that the configuration names: `url` for a plain one such as the simulated, else the given
 * kubeconfig, else what the client finds by itself (a pod's service account, KUBECONFIG, ~/.kube/config). Throws
 * `ConfigError` where that cannot be used; `section` is the one of the configuration that has these fields.
 */
export function connectKubernetes(
  config: Pick<Config['kubernetes'], 'url' | 'kubeconfig' | 'context'>,
  section = 'autoscaler.kubernetes',
): KubeConfig {
  const kube = new PooledKubeConfig();
  if (config.url !== null) {
    kube.loadFromOptions({
      // Without TLS there is nothing to verify; the client wants that said.
      clusters: [{ name: 'forescale', server: config.url, skipTLSVerify: config.url.startsWith('http:') }],
      users: [{ name: 'forescale' }],
      contexts: [{ name: 'forescale', cluster: 'forescale', user: 'forescale' }],
      currentContext: 'forescale',
    });
  } else if (config.kubeconfig !== null) {
    const { kubeconfig } = config;
    load(`${section}.kubeconfig = ${kubeconfig}`, () => kube.loadFromFile(kubeconfig));
  } else {
    const { KUBECONFIG } = process.env;
    load(KUBECONFIG ? `KUBECONFIG = ${KUBECONFIG}` : '~/.kube/config', () => kube.loadFromDefault());
    if (kube.getCurrentContext() === FOUND_NOTHING)
      throw new ConfigError(
        `${section}.kubeconfig is absent: allowed: a path, where there is neither KUBECONFIG nor ~/.kube/config, nor a pod's service account`,
      );
  }
  const context = config.context ?? kube.getCurrentContext();
  kube.setCurrentContext(context);
  if (kube.getCurrentCluster() !== null) return kube;
  const known = kube.getContexts().map(({ name }) => name);
  const allowed = known.length === 0 ? 'a kubeconfig that has contexts' : `one of ${known.join(', ')}`;
  throw new ConfigError(`${section}.context = ${context}: allowed: ${allowed}, each with its cluster`);
}

/** `source` is the field and its value, or what stands in for them. */
function load(source: string, read: () => void): void {
  try {
    read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // What a parser says may quote the file, and with it a key.
    throw new ConfigError(`${source}: ${code ? `cannot be read: ${code}` : 'allowed: a kubeconfig'}`);
  }
}

/** What a header may carry. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

type Options = ReturnType<KubeConfig['createDispatcherOptions']>;

/**
 * The client makes a pool of connections for every single call, which costs a TCP and a TLS handshake for each (300 of
 * them for a list of 150,000 pods). This one keeps its pool for as long as the certificates are the same.
 */
class PooledKubeConfig extends KubeConfig {
  #options: Options | null = null;
  #pool: Dispatcher | null = null;

  /** Called by the client just before it hands the new pool to the request. */
  override createDispatcherOptions(...args: Parameters<KubeConfig['createDispatcherOptions']>): Options {
    const options = super.createDispatcherOptions(...args);
    if (!isDeepStrictEqual(options, this.#options)) {
      // Ends when its last call has.
      void this.#pool?.close();
      this.#pool = null;
      this.#options = options;
    }
    return options;
  }

  override async applySecurityAuthentication(context: RequestContext): Promise<void> {
    const take = context.setDispatcher.bind(context);
    context.setDispatcher = (made) => {
      this.#pool ??= made ?? null;
      take(this.#pool ?? made);
    };
    await super.applySecurityAuthentication(context);
    // Whoever sends it would quote it in the error, token and all.
    if (!Object.values(context.getHeaders()).every((value) => HEADER_VALUE.test(value)))
      throw new KubernetesUnavailableError(
        'the credentials of the kubeconfig hold a line break, or what else no header may',
      );
  }
}
