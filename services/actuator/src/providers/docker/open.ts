import { readFile } from 'node:fs/promises';
import type { DockerConfig } from '@forescale/shared/config';
import { ConfigError } from '@forescale/shared/config';
import type { DockerOptions } from 'dockerode';
import { optionalPackage } from '../optional-package.ts';
import type { ProviderParts } from '../registry.ts';
import type { Engine } from './engine.ts';
import { DockerProvider } from './provider.ts';

export async function openDocker(config: DockerConfig, { clock }: ProviderParts): Promise<DockerProvider> {
  return new DockerProvider(config, await openEngine(config), clock);
}

export async function openEngine(config: DockerConfig): Promise<Engine> {
  const { default: Docker } = await optionalPackage('docker', 'dockerode', () => import('dockerode'));
  return new Docker(await engineOptions(config)) as unknown as Engine;
}

/** Complete, so that none of the environment's DOCKER_… has a say. */
async function engineOptions({ url, tls }: DockerConfig): Promise<DockerOptions> {
  const none = { host: undefined, port: undefined, ca: undefined, cert: undefined, key: undefined, timeout: undefined };
  if (url.startsWith('unix://')) {
    const socketPath = url.slice('unix://'.length);
    return { ...none, protocol: 'http', socketPath } as unknown as DockerOptions;
  }
  const { protocol, hostname, port } = new URL(url);
  const isTls = protocol === 'https:';
  const address = { protocol: isTls ? 'https' : 'http', host: hostname, port: port || 2376 };
  return { ...none, ...address, ...(tls && (await certificates(tls))) } as unknown as DockerOptions;
}

async function certificates({ caFile, certFile, keyFile }: NonNullable<DockerConfig['tls']>) {
  const [ca, cert, key] = await Promise.all([
    readPem('ca_file', caFile),
    readPem('cert_file', certFile),
    readPem('key_file', keyFile),
  ]);
  return { ca, cert, key };
}

async function readPem(field: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new ConfigError(`provider.tls.${field} = ${path}: cannot be read: ${(cause as NodeJS.ErrnoException).code}`, {
      cause,
    });
  }
}
