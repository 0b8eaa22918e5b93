import { access } from 'node:fs/promises';
import { type Config, type PrometheusConfig, signalsOfNoPool } from '@forescale/shared/config';
import { openConfigured } from '../runtime/prometheus.ts';
import { attempt, type Finding, type Patience } from './finding.ts';

/** Asks each server for each of its queries, and looks whether what they give is forecast. */
export async function checkSources(config: Config, patience: Patience): Promise<Finding[]> {
  const { prometheus, traces } = config.sources;
  const servers = await Promise.all(prometheus.map((one) => checkPrometheus(one, patience)));
  const files = await Promise.all(traces.map(({ file }) => checkTrace(file)));
  return [...servers.flat(), ...files, ...checkSignals(config)];
}

async function checkPrometheus(config: PrometheusConfig, patience: Patience): Promise<Finding[]> {
  const subject = `prometheus ${config.name}`;
  const warnings: string[] = [];
  const opened = await attempt(patience, () => openConfigured(config, (line) => warnings.push(line)));
  if ('error' in opened) return [{ check: 'reachable', subject, state: 'fail', detail: opened.error }];
  const client = opened.value;
  const atMs = patience.clock.nowMs();
  const asked = config.queries.map(async ({ pool, signal, query }): Promise<Finding> => {
    const finding = { check: 'reachable', subject: `${subject}: ${pool}/${signal}` } as const;
    const answer = await attempt(patience, (ended) => client.instant(query, atMs, ended));
    if ('error' in answer) return { ...finding, state: 'fail', detail: answer.error };
    if (answer.value === null) return { ...finding, state: 'warn', detail: 'no value now' };
    return { ...finding, state: 'ok', detail: `${answer.value} now` };
  });
  const findings = await Promise.all(asked);
  await client.close();
  return [...findings, ...warnings.map((detail) => ({ check: 'reachable', subject, state: 'warn', detail }) as const)];
}

async function checkTrace(file: string): Promise<Finding> {
  const finding = { check: 'reachable', subject: `trace ${file}` } as const;
  return access(file).then(
    () => ({ ...finding, state: 'ok', detail: 'is there' }),
    (error: NodeJS.ErrnoException) => ({ ...finding, state: 'fail', detail: `cannot be read: ${error.code}` }),
  );
}

function checkSignals({ pools, sources }: Config): Finding[] {
  const detail = "collected and never forecast: it is none of its pool's signals";
  return signalsOfNoPool(sources, pools).map((subject) => ({ check: 'reachable', subject, state: 'warn', detail }));
}
