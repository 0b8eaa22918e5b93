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
