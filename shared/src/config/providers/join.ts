import { z } from 'zod';
import { choice, line, list, section, text } from '../issues.ts';

const PATH_CHARS_MAX = 4_096;
/** The path of the file that holds the token by which a node joins. */
export const joinTokenFile = line(PATH_CHARS_MAX, 'a path to a file that holds the join token');
const SERVER = 'an https URL such as "https://10.0.0.2:6443"';
const HTTPS = 'an https URL without a login or blanks';
const URL_CHARS_MAX = 1_024;

/** No login in it, since it is shown in plans and on machines. */
const httpsUrl = (allowed: string) =>
  text(/^https:\/\/[^\s@\p{Cc}]+$/u, allowed).max(URL_CHARS_MAX, `allowed: ${allowed}`);

/** What Forescale says itself, or what would put a secret on a command line. */
const TAKEN = /^--(server|token|token-file|agent-token|agent-token-file|vpn-auth|config|node-name|with-node-id)(=|$)/;
const ARGUMENT = 'an option of "k3s agent" with its value, such as "--flannel-iface=eth1"';

const argument = text(/^--[a-z][a-z0-9-]{0,63}(=\P{Cc}{1,1024})?$/u, ARGUMENT)
  .refine((one) => !TAKEN.test(one), {
    error: 'allowed: no option that Forescale sets itself (server, token, node name), or that holds a secret',
  })
  .refine((one) => !one.startsWith('--kubelet-arg=provider-id'), {
    error: 'allowed: no provider-id, which Forescale sets itself',
  });

/** Options of `k3s agent` beside those that every node gets. */
export const k3sArguments = list(argument, 0, 100, 'options of "k3s agent"').default([]);

export const k3sServer = httpsUrl(SERVER);

const k3sJoin = section({
  kind: z.literal('k3s'),
  server: k3sServer,
  /** A pinned release: two nodes of one pool never differ by the day they were made. */
  version: text(
    /^v\d{1,3}\.\d{1,3}\.\d{1,3}(-[a-z0-9.]{1,32})?\+k3s\d{1,3}$/,
    'a release of K3s such as "v1.34.1+k3s1"',
  ),
  token_file: joinTokenFile,
  args: k3sArguments,
  installer_url: httpsUrl(HTTPS).default('https://get.k3s.io'),
  installer_sha256: text(/^[0-9a-f]{64}$/, 'a SHA-256 of 64 digits 0-9 a-f').optional(),
  /** Where the releases lie, when not at GitHub. */
  download_url: httpsUrl(HTTPS).optional(),
}).transform((raw) => ({
  kind: raw.kind,
  server: raw.server,
  version: raw.version,
  tokenFile: raw.token_file,
  args: raw.args,
  installerUrl: raw.installer_url,
  installerSha256: raw.installer_sha256 ?? null,
  downloadUrl: raw.download_url ?? null,
}));

const kubeadmJoin = section({
  kind: z.literal('kubeadm'),
  server: text(/^[\w.:[\]-]{1,253}:\d{1,5}$/, 'host and port of the API server, such as "10.0.0.2:6443"'),
  token_file: joinTokenFile,
  ca_cert_hashes: list(text(/^sha256:[0-9a-f]{64}$/, '"sha256:" and 64 digits 0-9 a-f'), 1, 8, 'CA hashes'),
  /** Of the join configuration: v1beta4 since Kubernetes 1.31. */
  api_version: choice(['v1beta3', 'v1beta4']).default('v1beta4'),
}).transform((raw) => ({
  kind: raw.kind,
  server: raw.server,
  tokenFile: raw.token_file,
  caCertHashes: raw.ca_cert_hashes,
  apiVersion: raw.api_version,
}));

const userDataJoin = section({
  kind: z.literal('user_data'),
  /** What the machine is given, with `@@placeholders@@` for what differs from machine to machine. */
  template_file: line(PATH_CHARS_MAX, 'a path to a template of user data'),
  token_file: joinTokenFile.optional(),
}).transform((raw) => ({
  kind: raw.kind,
  templateFile: raw.template_file,
  /** Null: the template says nothing of a token. */
  tokenFile: raw.token_file ?? null,
}));

/** How a new machine becomes a node of the cluster: field `join` of providers that make bare machines. */
export const joinSchema = z.discriminatedUnion('kind', [k3sJoin, kubeadmJoin, userDataJoin], {
  error: 'allowed: kind k3s, kubeadm or user_data',
});

export type JoinConfig = z.output<typeof joinSchema>;
