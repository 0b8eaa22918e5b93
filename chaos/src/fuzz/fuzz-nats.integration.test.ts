import { startNats } from '@forescale/bench/servers';
import { createNatsBus } from '@forescale/shared/bus';
import { expect, it } from 'vitest';
import { fuzz } from './fuzz.ts';

it('wrong messages on a real NATS are refused and counted, and hold up none behind them', async () => {
  const nats = await startNats();
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const bus = await createNatsBus({ servers: [nats.url], name: 'fuzz', onError });
  try {
    const options = { payloads: 5_000, seed: 13, signal: new AbortController().signal, onProgress: () => {}, bus };
    const { rows, failures } = await fuzz({ ...options, kinds: ['nats'] });
    expect({ failures, errors }).toEqual({ failures: [], errors: [] });
    expect(rows).toMatchObject([{ kind: 'nats', sent: 5_000 }]);
  } finally {
    await bus.close();
    await nats.stop();
  }
});
