import type { z } from 'zod';
import { flag, integer, line, list, section } from './issues.ts';
import { host, isLoopback } from './listening.ts';

const file = line(4_096, 'a path');

const tlsSchema = section({
  cert_file: file,
  key_file: file,
  /** Given: clients must show a certificate of this authority. */
  client_ca_file: file.optional(),
}).transform((raw) => ({
  certFile: raw.cert_file,
  keyFile: raw.key_file,
  clientCaFile: raw.client_ca_file ?? null,
}));

/** KEDA's external scaler. */
const grpcSchema = section({
  host: host.default('127.0.0.1'),
  port: integer(0, 65_535).default(9_090),
  tls: tlsSchema.optional(),
  /** Without TLS on an address that is not loopback, as behind a mesh. */
  plaintext: flag.default(false),
})
  .superRefine((raw, context) => {
    if (raw.tls !== undefined && raw.plaintext)
      context.addIssue({ code: 'custom', path: ['plaintext'], message: 'allowed: false where there is a section tls' });
    if (raw.tls !== undefined || raw.plaintext || isLoopback(raw.host)) return;
    context.addIssue({
      code: 'custom',
      path: ['host'],
      message: 'allowed without a section tls or plaintext: true: a loopback address, such as 127.0.0.1',
    });
  })
  .transform(({ host, port, tls }) => ({ host, port, tls: tls ?? null }));

/** The External Metrics API of Kubernetes, always over TLS. */
const externalMetricsSchema = section({
  host: host.default('127.0.0.1'),
  port: integer(0, 65_535).default(6_443),
  cert_file: file,
  key_file: file,
  /** Whose client certificates are the API server's own, as the cluster's `extension-apiserver-authentication` says. */
  requestheader_ca_file: file.optional(),
  /** The names that such a certificate may have; none: any. */
  requestheader_allowed_names: list(line(253, 'a common name'), 0, 20, 'names').default([]),
  /** For whoever asks here directly. */
  token_file: line(4_096, 'a path to a file that holds the secret').optional(),
})
  .superRefine((raw, context) => {
    if (raw.requestheader_ca_file !== undefined || raw.token_file !== undefined) return;
    context.addIssue({
      code: 'custom',
      path: ['requestheader_ca_file'],
      message: 'allowed: requestheader_ca_file or token_file, or both: nobody could ask otherwise',
    });
  })
  .transform((raw) => ({
    host: raw.host,
    port: raw.port,
    certFile: raw.cert_file,
    keyFile: raw.key_file,
    requestheaderCaFile: raw.requestheader_ca_file ?? null,
    requestheaderAllowedNames: raw.requestheader_allowed_names,
    tokenFile: raw.token_file ?? null,
  }));

/** What takes the forecast out to autoscalers of pods; nothing of it listens unless its section is there. */
export const scalerSchema = section({
  grpc: grpcSchema.optional(),
  external_metrics: externalMetricsSchema.optional(),
}).transform((raw) => ({ grpc: raw.grpc ?? null, externalMetrics: raw.external_metrics ?? null }));

export type ScalerConfig = z.output<typeof scalerSchema>;
