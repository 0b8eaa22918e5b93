import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { startTelemetry, type Telemetry } from './index.ts';

const ALERTS = 'deploy/alerts.yaml';
const PAGE = 'docs/operations.md';
const METRIC = /\bforescale_[a-z_]+\b/g;
const CODE = /`([a-z]+(?:-[a-z]+)+)`/g;

const rulesSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string().min(1),
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^Forescale[A-Za-z]+$/),
          expr: z.string().min(1),
          for: z
            .string()
            .regex(/^\d+[mh]$/)
            .optional(),
          labels: z.strictObject({ severity: z.enum(['critical', 'warning', 'info']) }),
          annotations: z.strictObject({
            summary: z.string().regex(/^\S[^\n]*\.$/),
            runbook_url: z.string().regex(/^docs\/operations\.md#[a-z-]+$/),
          }),
        }),
      ),
    }),
  ),
});

const rules = rulesSchema
  .parse(parse(await readFile(ALERTS, 'utf8')))
  .groups.flatMap((group) => group.rules.map((rule): [string, typeof rule] => [rule.alert, rule]));
const page = await readFile(PAGE, 'utf8');
/** As a page of Markdown names its sections. */
const anchors = new Set([...page.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => anchorOf(title)));

function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');
}

/** All of a folder of the actuator, tests apart. */
async function sourceOf(folder: string): Promise<string> {
  const path = `services/actuator/src/${folder}`;
  const files = (await readdir(path)).filter((name) => name.endsWith('.ts') && !name.includes('.test'));
  return (await Promise.all(files.map((name) => readFile(`${path}/${name}`, 'utf8')))).join('\n');
}

let telemetry: Telemetry;
/** Samples and the names of histograms, as a scrape shows them. */
let exported: ReadonlySet<string>;

beforeAll(async () => {
  telemetry = await startTelemetry('alerts');
  for (const instrument of Object.values(telemetry.instruments)) {
    if ('add' in instrument) instrument.add(1);
    else if ('record' in instrument) instrument.record(1);
    else instrument.addCallback((observed) => observed.observe(1));
  }
  const server = createServer((request, response) => telemetry.serveMetrics(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const text = await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)).text();
  server.close();
  exported = new Set([...text.matchAll(/^(?:# TYPE )?(forescale_\w+)/gm)].map(([, name = '']) => name));
});

afterAll(() => telemetry.stop());

describe('deploy/alerts.yaml', () => {
  it('has rules, each under a name of its own', () => {
    expect(rules.length).toBeGreaterThan(10);
    expect(new Set(rules.map(([name]) => name)).size).toBe(rules.length);
  });

  it.each(rules)('%s asks for metrics that a scrape shows', (_name, { expr }) => {
    const asked = expr.match(METRIC) ?? [];
    expect(asked).not.toEqual([]);
    expect(asked.filter((name) => !exported.has(name))).toEqual([]);
  });

  it.each(rules)('%s leads to a section that names it', (name, { annotations }) => {
    const [, anchor = ''] = annotations.runbook_url.split('#');
    expect([...anchors]).toContain(anchor);
    expect(page.includes(name), `${PAGE} says nothing about ${name}`).toBe(true);
  });

  const { error } = spawnSync('promtool', ['--version']);
  it.skipIf(error)(`is what promtool takes${error ? ' (skipped: promtool is not installed)' : ''}`, () => {
    for (const args of [
      ['check', 'rules', ALERTS],
      ['test', 'rules', 'deploy/alerts.test.yaml'],
    ]) {
      const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
      expect(status, stdout + stderr).toBe(0);
    }
  });
});

describe('docs/operations.md', () => {
  it('names metrics that a scrape shows', () => {
    const named = [...new Set(page.match(METRIC) ?? [])];
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !exported.has(name))).toEqual([]);
  });

  it('names alerts that there are, and sections that it has', () => {
    const known = new Set(rules.map(([name]) => name));
    expect((page.match(/\bForescale[A-Z]\w+/g) ?? []).filter((name) => !known.has(name))).toEqual([]);
    const links = [...page.matchAll(/\]\(#([a-z-]+)\)/g)].map(([, anchor = '']) => anchor);
    expect(links.filter((anchor) => !anchors.has(anchor))).toEqual([]);
  });

  it('names reasons, decisions and events that the actuator gives', async () => {
    const source = (await Promise.all(['plan', 'service'].map(sourceOf))).join('\n');
    const decisions = ['create', 'boot', 'drain'].map((stage) => `${stage}-failed`);
    const codes = [...page.matchAll(CODE)].map(([, code = '']) => code);
    const reasons = codes.filter((code) => !decisions.includes(code));
    expect(reasons.length).toBeGreaterThan(15);
    expect(reasons.filter((code) => !source.includes(`'${code}'`))).toEqual([]);
    const events = [...page.matchAll(/\bevents? `(\w+)`|\*\*Event\*\*: `(\w+)`/gi)].map(([, a, b]) => a ?? b ?? '');
    expect(events.length).toBeGreaterThan(8);
    expect(events.filter((event) => !source.includes(`'${event}'`))).toEqual([]);
  });

  it('names the parts of /readyz that there are', async () => {
    const source = await readFile('services/actuator/src/service/pool-loop.ts', 'utf8');
    const parts = [...page.matchAll(/`([a-z ]+) of pool [a-z…]+`/g)].map(([, part = '']) => part);
    expect(parts.length).toBeGreaterThan(8);
    expect(parts.filter((part) => !source.includes(`'${part}'`))).toEqual([]);
  });
});
