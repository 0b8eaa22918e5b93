import { z } from 'zod';
import { choice, flag, line, list, section, text } from '../issues.ts';
import { limits, limitsOf } from './limits.ts';

const file = line(4_096, 'a path');
const ADDRESS = /^([\w.-]{1,253}|\[[\da-fA-F:.]{2,45}\]):\d{1,5}$/;
const ADDRESS_ALLOWED = 'an address such as "cloud.example:8086"';
const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\]):/;

/** A group of the server, and the machines that it makes. */
const groupSchema = section({
  id: line(253, "the group's id, as the server names it"),
  instance_type: text(/^[\w.-]{1,63}$/, 'an instance type such as "m7g.xlarge"'),
  region: text(/^[\w-]{1,63}$/, 'a region').default('local'),
  zone: text(/^[\w-]{1,63}$/, 'a zone').default('local'),
  capacity_type: choice(['on_demand', 'spot']).default('on_demand'),
}).transform((raw) => ({
  id: raw.id,
  instanceType: raw.instance_type,
  region: raw.region,
  zone: raw.zone,
  capacityType: raw.capacity_type,
}));

const tlsSchema = section({
  /** Absent: whom the system trusts. */
  ca_file: file.optional(),
  cert_file: file.optional(),
  key_file: file.optional(),
  /** What the server's certificate says, where that is not the address. */
  server_name: text(/^[\w.-]{1,253}$/, 'a host name').optional(),
})
  .superRefine((raw, context) => {
    if ((raw.cert_file === undefined) === (raw.key_file === undefined)) return;
    const missing = raw.cert_file === undefined ? 'cert_file' : 'key_file';
    context.addIssue({ code: 'custom', path: [missing], message: 'allowed: cert_file and key_file, both or neither' });
  })
  .transform((raw) => ({
    caFile: raw.ca_file ?? null,
    certFile: raw.cert_file ?? null,
    keyFile: raw.key_file ?? null,
    serverName: raw.server_name ?? null,
  }));

/** A server of Cluster Autoscaler's `externalgrpc.proto`. Whoever can call it makes and ends machines: hence TLS. */
export const externalGrpcProvider = section({
  kind: z.literal('externalgrpc'),
  address: text(ADDRESS, ADDRESS_ALLOWED).refine((address) => isPort(address.slice(address.lastIndexOf(':') + 1)), {
    error: `allowed: ${ADDRESS_ALLOWED}`,
  }),
  tls: tlsSchema.optional(),
  /** Without TLS to an address that is not loopback. */
  plaintext: flag.default(false),
  groups: list(groupSchema, 1, 100, 'groups'),
  ...limits,
})
  .superRefine((raw, context) => {
    if (raw.tls !== undefined && raw.plaintext)
      context.addIssue({ code: 'custom', path: ['plaintext'], message: 'allowed: false where there is a section tls' });
    if (raw.tls === undefined && !raw.plaintext && !LOOPBACK.test(raw.address))
      context.addIssue({
        code: 'custom',
        path: ['address'],
        message: 'allowed without a section tls or plaintext: true: a loopback address, such as 127.0.0.1:8086',
      });
    for (const [index, group] of raw.groups.entries()) {
      const before = raw.groups.slice(0, index);
      if (before.some(({ id }) => id === group.id))
        context.addIssue({ code: 'custom', path: ['groups', index, 'id'], message: 'allowed: each group once' });
      else if (before.some((one) => isSameMachine(one, group)))
        context.addIssue({
          code: 'custom',
          path: ['groups', index],
          message: 'allowed: one group for each instance_type, region, zone and capacity_type',
        });
    }
  })
  .transform((raw) => ({
    kind: raw.kind,
    address: raw.address,
    tls: raw.tls ?? null,
    groups: raw.groups,
    ...limitsOf(raw),
  }));

function isPort(text: string): boolean {
  return Number(text) >= 1 && Number(text) <= 65_535;
}

type ExternalGroup = z.output<typeof groupSchema>;

function isSameMachine(a: Omit<ExternalGroup, 'id'>, b: Omit<ExternalGroup, 'id'>): boolean {
  return (
    a.instanceType === b.instanceType && a.region === b.region && a.zone === b.zone && a.capacityType === b.capacityType
  );
}

export type ExternalGrpcConfig = z.output<typeof externalGrpcProvider>;
