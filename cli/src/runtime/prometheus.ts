import { readFile } from 'node:fs/promises';
import { ConfigError, type PrometheusConfig } from '@forescale/shared/config';
import { PrometheusClient, type PrometheusTls } from '@forescale/shared/prometheus';
import { readSecret, readToken } from './secrets.ts';

/** How to be let in, whether it stands in a configuration or on the command line; `field` names an option in messages. */
export interface PrometheusLogin extends Pick<PrometheusConfig, 'username' | 'passwordFile' | 'tokenFile' | 'tls'> {
  readonly field: (option: 'password_file' | 'token_file' | keyof typeof TLS_FILES) => string;
}

const TLS_FILES = { ca_file: 'caFile', cert_file: 'certFile', key_file: 'keyFile' } as const;

/** Files that cannot be read are refused now; a token that is replaced later is read again. */
export async function openPrometheus(
  url: URL,
  login: PrometheusLogin,
  onWarning: (line: string) => void,
): Promise<PrometheusClient> {
  const authorization = () => authorizationOf(login);
  await authorization();
  const tls = await tlsOf(login);
  return new PrometheusClient({ url, authorization, onWarning, ...(tls === null ? {} : { tls }) });
}

async function authorizationOf({ username, passwordFile, tokenFile, field }: PrometheusLogin): Promise<string | null> {
  if (username !== null) {
    const password = await readSecret(field('password_file'), null, passwordFile);
    return `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
  }
  const token = await readToken(field('token_file'), tokenFile);
  return token === null ? null : `Bearer ${token}`;
}

async function tlsOf({ tls, field }: PrometheusLogin): Promise<PrometheusTls | null> {
  if (tls === null) return null;
  const read = async (option: keyof typeof TLS_FILES) => {
    const file = tls[TLS_FILES[option]];
    if (file === null) return undefined;
    return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new ConfigError(`${field(option)} = ${file}: cannot be read: ${error.code}`, { cause: error });
    });
  };
  const [ca, cert, key] = [await read('ca_file'), await read('cert_file'), await read('key_file')];
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(tls.serverName === null ? {} : { serverName: tls.serverName }),
  };
}

/** The client of a server of the configuration. */
export function openConfigured(config: PrometheusConfig, onWarning: (line: string) => void): Promise<PrometheusClient> {
  const field = (option: string) => {
    const section = option.endsWith('password_file') || option === 'token_file' ? '' : 'tls.';
    return `autoscaler.sources.prometheus "${config.name}".${section}${option}`;
  };
  return openPrometheus(new URL(config.url), { ...config, field }, onWarning);
}
