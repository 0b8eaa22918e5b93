import { createJetStreamState, type StateBucket } from '@forescale/shared/state';
import { afterAll, beforeAll } from 'vitest';
import { startNats, type TestServer } from '../../../../test/servers/index.ts';
import { describeModelStore } from './model-store.conformance.ts';
import { createStateModelStore } from './state-model-store.ts';

let server: TestServer;
const opened: StateBucket[] = [];
let buckets = 0;
beforeAll(async () => {
  server = await startNats();
});
afterAll(async () => {
  for (const state of opened) await state.close();
  await server.stop();
});

describeModelStore('JetStream', async () => {
  const bucket = `models-${++buckets}`;
  return async () => {
    const state = await createJetStreamState({ servers: [server.url], name: 'test', bucket });
    opened.push(state);
    return createStateModelStore(state);
  };
});
