import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '@forescale/shared/config';
import { generateLoad } from '@forescale/simulator/workload';
import { loadYaml } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { cutScenario } from '../../cli/src/demo/scenario.ts';

const path = (below: string) => fileURLToPath(new URL(`../../${below}`, import.meta.url));
const read = (below: string) => readFileSync(path(below), 'utf8');
const provisioned = <T>(what: string) => loadYaml(read(`deploy/grafana/provisioning/${what}/forescale.yaml`)) as T;
const COMPOSE = '/usr/bin/docker-compose';

interface Service {
  readonly image: string;
  readonly user: string;
  readonly read_only: boolean;
  readonly privileged?: boolean;
  readonly cap_add?: readonly string[];
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly mem_limit: string;
  readonly cpus: number;
  readonly pids_limit: number;
}

interface Written extends Service {
  readonly '<<'?: Service;
}

const written = loadYaml(read('docker-compose.yml')) as { services: Record<string, Written> };
const services: Readonly<Record<string, Service>> = Object.fromEntries(
  Object.entries(written.services).map(([name, { '<<': shared, ...own }]) => [name, { ...shared, ...own }]),
);
const names = Object.keys(services);

describe('docker-compose.yml', () => {
  it.skipIf(!existsSync(COMPOSE))(`is what docker-compose 1.29 takes (with ${COMPOSE}, where there is one)`, () => {
    const told = execFileSync(COMPOSE, ['--file', path('docker-compose.yml'), 'config', '--services'], {
      encoding: 'utf8',
    });
    expect(told.trim().split('\n').sort()).toEqual([...names].sort());
  });

  it.each(names)('%s: no rights, a fixed version, bounds', (name) => {
    const service = services[name] as Service;
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    expect(service.privileged).toBeUndefined();
    expect(service.cap_add).toEqual(name === 'prepare' ? ['CHOWN'] : undefined);
    expect(service.user).toMatch(name === 'prepare' ? /^0:0$/ : /^(65532|472):/);
    expect(service.image).toMatch(/:v?\d+\.\d+\.\d+(-alpine)?$/);
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    expect(service.mem_limit).toMatch(/^\d+[mg]$/);
    expect([service.cpus, service.pids_limit].every((bound) => bound > 0)).toBe(true);
    expect(service.volumes.join(' ')).not.toContain('docker.sock');
  });

  it('whoever waits waits for health, or for the end of what only prepares', () => {
    for (const { depends_on = {} } of Object.values(services)) {
      for (const [other, { condition }] of Object.entries(depends_on))
        expect(condition).toBe(other === 'prepare' ? 'service_completed_successfully' : 'service_healthy');
    }
  });

  it('no secret stands in it: passwords come from files', () => {
    for (const { environment = {} } of Object.values(services)) {
      const secret = Object.keys(environment).filter((key) => /PASSWORD|TOKEN|SECRET/.test(key));
      expect(secret.filter((key) => !key.endsWith('__FILE'))).toEqual([]);
    }
  });

  it('its configuration is valid, and its nodes carry what those of the demo do', async () => {
    const config = await loadConfig(path('deploy/compose/forescale.yaml'), {});
    expect(config).toMatchObject({ dataDir: '/var/lib/forescale', clock: { source: 'bus' }, bus: { kind: 'nats' } });
    const load = generateLoad({ seed: 1, startMs: Date.UTC(2026, 0, 5), days: 22, base: 1_000 });
    const { capacityPerNode } = cutScenario('generated', load, 1);
    expect(Math.abs((config.pools[0]?.signals[0]?.capacityPerNode ?? 0) / capacityPerNode - 1)).toBeLessThan(0.05);
  });
});

describe('Grafana', () => {
  it('is given the account that only reads, and the dashboards of the mounted folder', () => {
    const { datasources } = provisioned<{ datasources: unknown[] }>('datasources');
    expect(datasources).toMatchObject([
      { type: 'influxdb', user: services.influxdb?.environment?.INFLUXDB_READ_USER, jsonData: { dbName: 'forescale' } },
    ]);
    const { providers } = provisioned<{ providers: { options: { path: string } }[] }>('dashboards');
    const mounted = services.grafana?.volumes.map((volume) => volume.split(':')[1]);
    expect(mounted).toContain(providers[0]?.options.path);
  });
});

describe('Dockerfile', () => {
  const lines = read('Dockerfile').split('\n');

  it('is for the classic builder too, and does not end as root', () => {
    expect(lines[0]).not.toMatch(/syntax=/);
    expect(lines.filter((line) => /^(COPY|RUN|ADD) .*(--mount|--chmod|--link|<<)/.test(line))).toEqual([]);
    expect(lines.findLast((line) => line.startsWith('USER'))).toBe('USER 65532:65532');
  });

  it('says the version of the package', () => {
    const { version } = JSON.parse(read('package.json'));
    expect(lines).toContain(`ARG VERSION=${version}`);
    expect(services.actuator?.image).toBe(`ghcr.io/forescale/forescale:${version}`);
  });
});
