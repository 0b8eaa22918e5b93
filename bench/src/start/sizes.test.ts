import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { folderBytes, optionalSizes } from './sizes.ts';

const LOCK = {
  packages: {
    '': { dependencies: {} },
    'node_modules/@ours/shared': { link: true, resolved: 'shared' },
    shared: { dependencies: { common: '1' } },
    actuator: { dependencies: { '@ours/shared': '*' }, optionalDependencies: { sdk: '1', absent: '1' } },
    'node_modules/common': {},
    'node_modules/sdk': { dependencies: { common: '1', core: '1', deep: '2' }, optionalDependencies: { extra: '1' } },
    'node_modules/core': { dependencies: { common: '1', sdk: '1' } },
    'node_modules/deep': {},
    'node_modules/sdk/node_modules/deep': {},
    'node_modules/extra': {},
    'node_modules/absent': {},
  },
};
const FILES = {
  'node_modules/common/a.js': 1_000,
  'node_modules/sdk/a.js': 10,
  'node_modules/sdk/lib/b.js': 20,
  'node_modules/sdk/node_modules/deep/a.js': 3,
  'node_modules/core/a.js': 400,
  'node_modules/deep/a.js': 50_000,
};

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'forescale-test-'));
  for (const [path, bytes] of Object.entries(FILES)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), 'x'.repeat(bytes));
  }
  await writeFile(join(root, 'package-lock.json'), JSON.stringify(LOCK));
});
afterEach(() => rm(root, { recursive: true }));

it('an optional package counts with what only it needs, each as Node would find it', async () => {
  expect(await optionalSizes(root)).toEqual([
    { name: 'sdk', of: 'actuator', packages: 3, bytes: 10 + 20 + 3 + 400 },
    { name: 'absent', of: 'actuator', packages: 1, bytes: null },
  ]);
});

it('a folder counts with all its files', async () => {
  expect(await folderBytes(join(root, 'node_modules/sdk'))).toBe(33);
});
