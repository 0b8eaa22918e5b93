import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openProvider } from '@forescale/actuator/providers';
import type { OfferingConfig } from '@forescale/shared/config';
import { ManualClock } from '@forescale/shared/time';
import { NOT_APPLICABLE } from '../../../services/actuator/src/providers/docker/not-applicable.ts';
import { temporaryDirectory } from '../../harness/config-file.ts';
import { serveEndpoint } from '../http-endpoint.ts';
import { providerConfig } from '../provider-config.ts';
import type { Target } from '../target.ts';
import { DockerEndpoint } from './endpoint.ts';

export const JOIN_TOKEN = 'K10abc::node:pw';
export const IMAGE = 'rancher/k3s:v1.34.1-k3s1';

const OFFERING: OfferingConfig = {
  ...{ provider: '', instanceType: 'container', region: 'local', zone: 'local', capacityType: 'on_demand' },
  allocatable: { cpuMillicores: 2_000, memoryBytes: 4 * 2 ** 30, pods: 30, gpus: 0 },
  ...{ usdPerHour: 0, interruption: null },
};

export async function openDocker(change: Readonly<Record<string, unknown>> = {}) {
  const clock = new ManualClock(Date.UTC(2026, 2, 2));
  const endpoint = new DockerEndpoint(clock, [IMAGE]);
  const directory = await temporaryDirectory();
  const server = await serveEndpoint((request) => endpoint.answer(request), join(directory.path, 'docker.sock'));
  const tokenFile = join(directory.path, 'join-token');
  await writeFile(tokenFile, `${JOIN_TOKEN}\n`);
  const config = providerConfig({
    ...{ kind: 'docker', url: server.url, image: IMAGE, server: 'https://10.0.0.2:6443', token_file: tokenFile },
    ...change,
  });
  return {
    ...{ config, provider: await openProvider(config, { clock, kube: null }), clock, endpoint },
    ...{ onDemand: OFFERING, spot: null, notApplicable: NOT_APPLICABLE },
    async close() {
      await server.close();
      await directory.remove();
    },
  } satisfies Target;
}
