import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openProvider } from '@forescale/actuator/providers';
import type { OfferingConfig } from '@forescale/shared/config';
import { ManualClock } from '@forescale/shared/time';
import { NOT_APPLICABLE } from '../../../services/actuator/src/providers/hetzner/not-applicable.ts';

import { temporaryDirectory } from '../../harness/config-file.ts';
import { serveEndpoint } from '../http-endpoint.ts';
import { providerConfig } from '../provider-config.ts';
import type { Target } from '../target.ts';
import { API_TOKEN, HetznerEndpoint } from './endpoint.ts';

export const JOIN_TOKEN = 'K10abc::node:pw';

const ON_DEMAND: OfferingConfig = {
  ...{ provider: '', instanceType: 'cx23', region: 'fsn1', zone: 'fsn1', capacityType: 'on_demand' },
  ...{ usdPerHour: 0.0111, allocatable: null, interruption: null },
};

export async function openHetzner(change: Readonly<Record<string, unknown>> = {}) {
  const clock = new ManualClock(Date.UTC(2026, 2, 2));
  const endpoint = new HetznerEndpoint(clock);
  const server = await serveEndpoint((request) => endpoint.answer(request));
  const directory = await temporaryDirectory();
  const [apiTokenFile, joinTokenFile] = [join(directory.path, 'api-token'), join(directory.path, 'join-token')];
  await Promise.all([writeFile(apiTokenFile, `${API_TOKEN}\n`), writeFile(joinTokenFile, `${JOIN_TOKEN}\n`)]);
  const config = providerConfig({
    ...{ kind: 'hetzner', url: `${server.url}/v1`, token_file: apiTokenFile, image: 'debian-13', usd_per_eur: 1.16 },
    join: { kind: 'k3s', server: 'https://10.0.0.2:6443', version: 'v1.34.1+k3s1', token_file: joinTokenFile },
    ...{ ssh_keys: ['ops'], networks: [7], firewalls: [8], placement_group: 9 },
    ...change,
  });
  return {
    ...{ config, provider: await openProvider(config, { clock, kube: null }), clock, endpoint },
    ...{ onDemand: ON_DEMAND, spot: null, notApplicable: NOT_APPLICABLE },
    async close() {
      await server.close();
      await directory.remove();
    },
  } satisfies Target;
}
