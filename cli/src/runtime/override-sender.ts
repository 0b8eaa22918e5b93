import { type Config, ConfigError } from '@forescale/shared/config';
import { networkReason } from '@forescale/shared/network';
import { createLog } from '@forescale/shared/telemetry';
import { systemClock } from '@forescale/shared/time';
import { decodeJson, parseWire, subjects } from '@forescale/shared/wire';
import { z } from 'zod';
import { httpUrlOption } from '../output/usage.ts';
import { openBus } from './runtime.ts';
import { readToken } from './secrets.ts';

const TIMEOUT_MS = 10_000;
/** Addresses to listen on everywhere; from here the actuator is then on this machine. */
const EVERYWHERE = ['0.0.0.0', '::'];

const answerSchema = z.object({ pool: z.string(), until: z.string().nullable(), what: z.string() });
const refusalSchema = z.object({ error: z.string() });

export type SteerAnswer = z.output<typeof answerSchema>;

/** Where the actuator is when it is not where the configuration says. */
export interface Address {
  readonly url?: string;
  readonly tokenFile?: string;
}

/** Asks the actuator for an override: over NATS where that is the bus, else over HTTP with the token. */
export async function sendOverride(
  config: Config,
  pool: string,
  request: object,
  address: Address,
): Promise<SteerAnswer> {
  if (config.bus.kind === 'nats' && address.url === undefined) return await overBus(config, pool, request);
  return await overHttp(config, pool, request, address);
}

async function overBus(config: Config, pool: string, request: object): Promise<SteerAnswer> {
  const bus = await openBus(config, 'steer', systemClock, createLog('steer', 'error'));
  try {
    const data = new TextEncoder().encode(JSON.stringify(request));
    const answer = await bus.request(subjects.override(pool), data, TIMEOUT_MS);
    return parseWire(decodeJson(answer.data), answerSchema);
  } finally {
    await bus.close();
  }
}

async function overHttp(config: Config, pool: string, request: object, address: Address): Promise<SteerAnswer> {
  const token = await tokenOf(config, address);
  const base = address.url === undefined ? localUrl(config) : httpUrlOption('--url', address.url).href;
  const url = new URL(`${base.replace(/\/+$/, '')}/api/v1/override?pool=${pool}`);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(request),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await response.text();
  } catch (error) {
    throw new Error(`${url.origin}: the actuator does not answer: ${networkReason(error)}`, { cause: error });
  }
  const body = jsonOf(text);
  if (response.ok) return parseWire(body, answerSchema);
  const refused = refusalSchema.safeParse(body);
  throw new Error(refused.success ? refused.data.error : `POST ${url.href}: HTTP ${response.status}`);
}

async function tokenOf(config: Config, address: Address): Promise<string> {
  const token =
    address.tokenFile === undefined
      ? await readToken('autoscaler.http.token_file', config.http.tokenFile)
      : await readToken('--token-file', address.tokenFile);
  if (token) return token;
  throw new ConfigError('autoscaler.http.token_file is not set: a change over HTTP needs the token in that file');
}

function localUrl({ http: { host, port } }: Config): string {
  if (port === 0) throw new ConfigError('autoscaler.http.port = 0: where the actuator listens is said by --url');
  const name = EVERYWHERE.includes(host) ? '127.0.0.1' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
