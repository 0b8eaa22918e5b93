import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSimulatedCluster, type RunningServer, rbacAuthorizer } from '@forescale/simulator/cluster';
import { loadAllYaml } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../harness/config-file.ts';
import { ran } from './captured.ts';

let directory: string;
let remove: () => Promise<void>;
let server: RunningServer;
const manifest = loadAllYaml(await readFile('deploy/kubernetes/rbac.yaml', 'utf8'));
let rights = rbacAuthorizer(manifest);

beforeAll(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
  const user = { name: 'system:serviceaccount:forescale:forescale-actuator', groups: [] };
  const cluster = createSimulatedCluster({
    seed: 1,
    startMs: Date.now(),
    offerings: [],
    users: new Map([['secret', user]]),
    authorizer: { allows: (who, request) => rights.allows(who, request) },
  });
  server = await cluster.listen();
});
afterAll(async () => {
  await server.close();
  await remove();
});

/** A configuration, and a kubeconfig with the actuator's token; `url` of the API server and the cloud. */
async function configFile(url: string, store = `{ kind: sqlite, path: "${join(directory, 'none.db')}" }`) {
  const kubeconfig = join(directory, 'kubeconfig');
  const kube = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: 'secret' } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'c',
  };
  await writeFile(kubeconfig, JSON.stringify(kube));
  const config = join(directory, 'forescale.yaml');
  await writeFile(
    config,
    `autoscaler:
  data_dir: "${directory}"
  store: ${store}
  kubernetes: { kubeconfig: "${kubeconfig}", leader_election: true }
  pools:
    - name: web
      mode: enforce
      provider: { kind: simulated, url: "${url}" }
      offerings: [{ instance_type: small, usd_per_hour: 0.1 }]
`,
  );
  return config;
}

describe('forescale doctor', () => {
  it('under the shipped rights: nothing fails, and nothing is left behind', async () => {
    const config = await configFile(server.url);
    const { code, stdout, stderr } = await ran('doctor', '--config', config, '--service', 'actuator');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^ok +reachable +Kubernetes +http:/m);
    expect(stdout).toMatch(/^ok +permission +actuator +all \d+ rights are granted$/m);
    expect(stdout).toMatch(/^ok +single writer +pool web /m);
    expect(stdout).toMatch(/^\d+ ok, 0 warn, 0 fail$/m);
    await expect(readFile(join(directory, 'none.db'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('names the verb that is missing, in the table and as JSON, and fails', async () => {
    const shipped = rights;
    rights = {
      allows: (who, request) =>
        !(request.verb === 'patch' && request.resource === 'nodes') && shipped.allows(who, request),
    };
    const config = await configFile(server.url);
    const { code, stdout, stderr } = await ran(
      ...['doctor', '--config', config, '--service', 'actuator', '--json', join(directory, 'findings.json')],
    );
    rights = shipped;
    expect(code).toBe(1);
    expect(stderr).toBe('forescale: 1 check(s) failed\n');
    expect(stdout).toMatch(
      /^fail +permission +patch nodes +refused to the actuator: without it nodes cannot be cordoned/m,
    );
    const { findings } = JSON.parse(await readFile(join(directory, 'findings.json'), 'utf8'));
    expect(findings).toContainEqual(expect.objectContaining({ state: 'fail', subject: 'patch nodes' }));
  });

  it('servers that are away are named, each with its address', async () => {
    const config = await configFile('http://127.0.0.1:1', '{ kind: influxdb, url: "http://127.0.0.1:1" }');
    const { code, stdout } = await ran('doctor', '--config', config);
    expect(code).toBe(1);
    for (const subject of ['Kubernetes', 'store \\(InfluxDB\\)', 'provider \\(simulated\\)'])
      expect(stdout).toMatch(new RegExp(`^fail +reachable +${subject} +http://127.0.0.1:1`, 'm'));
  });

  it('refuses a service that there is not', async () => {
    const { code, stderr } = await ran('doctor', '--service', 'janitor');
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'forescale: --service = "janitor"; allowed: collector, actuator\n',
    });
  });
});
