import { z } from 'zod';
import { choice, flag, line, section, text } from '../issues.ts';
import { joinTokenFile, k3sArguments, k3sServer } from './join.ts';
import { limits, limitsOf } from './limits.ts';

/** Whoever reaches an engine is root on its machine: over a network only by TLS with a certificate of the client's. */
const ENGINE = 'unix:///path, an https URL such as "https://10.0.0.5:2376", or http on this machine';
const engineUrl = text(
  /^(unix:\/\/\/[^\s?#]{1,100}|https:\/\/[\w.-]{1,253}(:\d{1,5})?|http:\/\/(127\.0\.0\.1|localhost):\d{1,5})$/,
  ENGINE,
);

const pemFile = line(4_096, 'a path to a PEM file');
const tls = section({ ca_file: pemFile, cert_file: pemFile, key_file: pemFile }).transform((raw) => ({
  caFile: raw.ca_file,
  certFile: raw.cert_file,
  keyFile: raw.key_file,
}));

const IMAGE = 'an image with its tag or digest, such as "rancher/k3s:v1.34.1-k3s1"';
const NETWORK = 'the name of a network of the engine';

export const dockerProvider = section({
  kind: z.literal('docker'),
  url: engineUrl.default('unix:///var/run/docker.sock'),
  tls: tls.optional(),
  /** K3s in a container, with a tag: which release a node gets is no matter of the day. */
  image: text(/^[\w./:-]{1,255}(:[\w.-]{1,128}|@sha256:[0-9a-f]{64})$/, IMAGE),
  pull: choice(['missing', 'never']).default('missing'),
  server: k3sServer,
  token_file: joinTokenFile,
  args: k3sArguments,
  network: text(/^[a-zA-Z0-9][\w.-]{0,127}$/, NETWORK).default('bridge'),
  /** K3s needs it, unless the engine's machine has been prepared for it to run without. */
  privileged: flag.default(true),
  ...limits,
})
  .superRefine((raw, context) => {
    if (raw.url.startsWith('https:') === (raw.tls !== undefined)) return;
    const message =
      raw.tls === undefined ? 'allowed: with an https URL, a section with keys' : 'allowed only with an https URL';
    context.addIssue({ code: 'custom', path: ['tls'], message });
  })
  .transform((raw) => ({
    kind: raw.kind,
    url: raw.url,
    tls: raw.tls ?? null,
    image: raw.image,
    pull: raw.pull,
    server: raw.server,
    tokenFile: raw.token_file,
    args: raw.args,
    network: raw.network,
    privileged: raw.privileged,
    ...limitsOf(raw),
  }));

export type DockerConfig = z.output<typeof dockerProvider>;
