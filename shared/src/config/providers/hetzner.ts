import { z } from 'zod';
import { flag, integer, line, list, number, section, text } from '../issues.ts';
import { joinSchema } from './join.ts';
import { limits, limitsOf } from './limits.ts';

const API = 'https://api.hetzner.cloud/v1';

/** Ids are whole numbers that JavaScript keeps exactly. */
const id = integer(1, Number.MAX_SAFE_INTEGER);

/** The token goes there: never in the clear, but on this machine. */
const apiUrl = text(
  /^(https:\/\/[^\s@]{1,512}|http:\/\/(127\.0\.0\.1|\[::1\]|localhost)(:\d{1,5})?(\/[^\s@]{0,256})?)$/,
  'an https URL without a login',
);

const publicNet = section({ ipv4: flag.default(true), ipv6: flag.default(true) });

export const hetznerProvider = section({
  kind: z.literal('hetzner'),
  url: apiUrl.default(API),
  /** Of a project, with the right to read and write. */
  token_file: line(4_096, 'a path to a file that holds the API token'),
  image: z.union([id, text(/^[\w.-]{1,255}$/, 'name or id of an image')], { error: 'allowed: name or id of an image' }),
  join: joinSchema,
  ssh_keys: list(line(255, 'the name of an SSH key'), 0, 50, 'names of SSH keys').default([]),
  networks: list(id, 0, 3, 'ids of networks').default([]),
  firewalls: list(id, 0, 5, 'ids of firewalls').default([]),
  placement_group: id.optional(),
  public_net: publicNet.prefault({}),
  /** Hetzner bills most accounts in EUR: without it they have no live prices. */
  usd_per_eur: number(0.1, 10).optional(),
  ...limits,
})
  .superRefine((raw, context) => {
    if (raw.public_net.ipv4 || raw.public_net.ipv6 || raw.networks.length > 0) return;
    const message = 'allowed without ipv4 and ipv6: with a network, by which the server is reached';
    context.addIssue({ code: 'custom', path: ['public_net'], message });
  })
  .transform((raw) => ({
    kind: raw.kind,
    url: raw.url,
    tokenFile: raw.token_file,
    image: raw.image,
    join: raw.join,
    sshKeys: raw.ssh_keys,
    networks: raw.networks,
    firewalls: raw.firewalls,
    /** Null: none. */
    placementGroup: raw.placement_group ?? null,
    publicNet: raw.public_net,
    /** Null: not known. */
    usdPerEur: raw.usd_per_eur ?? null,
    ...limitsOf(raw),
  }));

export type HetznerConfig = z.output<typeof hetznerProvider>;
