import { defineConfig } from 'vitest/config';

// Suites are told apart by file name: what needs a server, what needs a browser, and all the rest.
const integration = '**/*.integration.test.ts';
const browser = '**/*.browser.test.ts';
const everywhere = ['**/node_modules/**'];

export default defineConfig({
  test: {
    // One more than processors: many tests wait for sockets.
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: 'unit',
          setupFiles: ['./tools/fixed-chance.ts'],
          include: ['**/*.test.ts'],
          exclude: [...everywhere, integration, browser],
          // Bounds against hanging, not claims about speed: a busy machine may take its time.
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'integration',
          setupFiles: ['./tools/fixed-chance.ts'],
          include: [integration],
          exclude: everywhere,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Two at once: they mostly wait for servers.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'browser',
          include: [browser],
          exclude: everywhere,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
