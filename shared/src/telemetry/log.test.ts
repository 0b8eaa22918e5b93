import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

/** The log of a process of its own, since it writes to stderr. */
function logged(body: string): Record<string, unknown>[] {
  const script = `import { createLog } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)}; ${body}`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', '--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  expect(stdout).toBe('');
  return stderr.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]));
}

it('a line that is written in a span names it, and no other does', () => {
  const lines = logged(`
    import { inSpan, startTelemetry } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
    const traces = { url: 'http://127.0.0.1:9/v1/traces', token: null, share: 1 };
    const telemetry = await startTelemetry('test', { traces, onTrouble: () => {} });
    const log = createLog('collector', 'info');
    log.info('before');
    const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await inSpan('work', { parent }, async () => log.info('inside'));
    process.exit();`);
  expect(lines.map(({ msg, trace_id }) => [msg, trace_id])).toEqual([
    ['before', undefined],
    ['inside', '0af7651916cd43dd8448eb211c80319c'],
  ]);
  expect(lines[1]?.span_id).toMatch(/^[0-9a-f]{16}$/);
});

it('JSON lines on stderr from its level on, with the service and without secrets', () => {
  const lines = logged(`
    const log = createLog('collector', 'info');
    log.debug('not said');
    log.warn({ store: { url: 'http://h', password: 'hunter2' }, token: 'hunter2', pool: 'web' }, 'said');
    log.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'failed');`);
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatchObject({ service: 'collector', msg: 'said', pool: 'web', store: { url: 'http://h' } });
  expect(JSON.stringify(lines)).not.toContain('hunter2');
  expect(JSON.stringify(lines[1])).toContain('outer: inner');
});
