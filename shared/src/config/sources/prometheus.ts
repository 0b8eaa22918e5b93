import { z } from 'zod';
import { duration, line, list, name, section, text } from '../issues.ts';

const QUERY_CHARS_MAX = 8_000;
const file = line(4_096, 'a path');

const querySchema = section({
  pool: name,
  signal: name,
  /** An instant query that gives one series, or a scalar. */
  query: line(QUERY_CHARS_MAX, 'PromQL'),
  /** What the values are in; absent: the signal's own unit. */
  unit: text(/^\P{Cc}{1,32}$/u, 'a unit of at most 32 characters').optional(),
}).transform(({ unit, ...rest }) => ({ ...rest, unit: unit ?? null }));

const tlsSchema = section({
  /** Whose certificates are believed, beside none other. */
  ca_file: file.optional(),
  cert_file: file.optional(),
  key_file: file.optional(),
  /** The name in the server's certificate, where it is not the URL's. */
  server_name: line(253, 'a host name').optional(),
})
  .superRefine((raw, context) => {
    if ((raw.cert_file === undefined) === (raw.key_file === undefined)) return;
    const missing = raw.cert_file === undefined ? 'cert_file' : 'key_file';
    context.addIssue({ code: 'custom', path: [missing], message: 'allowed: cert_file and key_file together' });
  })
  .transform((raw) => ({
    caFile: raw.ca_file ?? null,
    certFile: raw.cert_file ?? null,
    keyFile: raw.key_file ?? null,
    serverName: raw.server_name ?? null,
  }));

/** Of it and `prometheus-` the tag of its samples is made, which is no longer than a name. */
const SERVER_NAME = /^[a-z0-9-]{1,52}$/;
const serverName = text(SERVER_NAME, 'a name of a-z, 0-9 and "-", at most 52 long');

/** What is more than an address would be lost on the way to `/api/v1/query`, or stand in messages. */
const serverUrl = z.url({ protocol: /^https?$/, error: 'allowed: an http(s) URL' }).refine((url) => {
  const { username, password, search, hash } = new URL(url);
  return username + password + search + hash === '';
}, 'allowed: an http(s) URL without a login (see username, token_file), "?" and "#"');

/** A Prometheus, or what answers like one (Thanos, Mimir, VictoriaMetrics): asked, at an interval, for the newest values. */
export const prometheusSchema = section({
  name: serverName.default('main'),
  url: serverUrl,
  username: line(255, 'a user name').optional(),
  password_file: line(4_096, 'a path to a file that holds the secret').optional(),
  token_file: line(4_096, 'a path to a file that holds the secret').optional(),
  tls: tlsSchema.optional(),
  interval: duration(1_000, 3_600_000, 'from 1s to 1h').default(60_000),
  timeout: duration(100, 60_000, 'from 100ms to 1m').default(10_000),
  queries: list(querySchema, 1, 200, 'queries'),
})
  .superRefine((raw, context) => {
    const signals = raw.queries.map(({ pool, signal }) => `${pool}/${signal}`);
    for (const [index, one] of signals.entries()) {
      // Both would write the same points, and the later answer would be the truth.
      if (signals.indexOf(one) === index) continue;
      context.addIssue({
        code: 'custom',
        path: ['queries', index, 'signal'],
        message: 'allowed: each signal of a pool once',
      });
    }
    if ((raw.username === undefined) !== (raw.password_file === undefined)) {
      const missing = raw.username === undefined ? 'username' : 'password_file';
      context.addIssue({ code: 'custom', path: [missing], message: 'allowed: username and password_file together' });
    }
    if (raw.token_file !== undefined && raw.username !== undefined)
      context.addIssue({ code: 'custom', path: ['token_file'], message: 'allowed: instead of username' });
  })
  .transform((raw) => ({
    name: raw.name,
    url: raw.url,
    username: raw.username ?? null,
    passwordFile: raw.password_file ?? null,
    tokenFile: raw.token_file ?? null,
    tls: raw.tls ?? null,
    intervalMs: raw.interval,
    timeoutMs: raw.timeout,
    queries: raw.queries,
  }));

export type PrometheusConfig = z.output<typeof prometheusSchema>;
