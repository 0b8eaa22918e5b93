import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { singleFileTar } from './single-file-tar.ts';

/** As the machine's own `tar` reads it. */
function read(archive: Buffer, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync('tar', args, { input: archive });
  expect(stderr.toString()).toBe('');
  expect(status).toBe(0);
  return stdout.toString();
}

it.each(['', 'K10abc::node:pw\n', 'x'.repeat(511), 'x'.repeat(512), 'x'.repeat(4_097)])(
  'a file of its own in an archive: %j',
  (content) => {
    const archive = singleFileTar('etc/forescale', 'k3s-token', content);
    expect(archive.length % 512).toBe(0);
    expect(read(archive, '-xOf', '-', 'etc/forescale/k3s-token')).toBe(content);
    const [directory = '', file = ''] = read(archive, '-tvf', '-', '--numeric-owner').split('\n');
    expect(directory).toMatch(/^drwx------ 0\/0 +0 .* etc\/forescale\/$/);
    expect(file).toMatch(new RegExp(`^-rw------- 0/0 +${content.length} .* etc/forescale/k3s-token$`));
  },
);
