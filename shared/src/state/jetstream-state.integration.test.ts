import { connect } from 'nats';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startNats, type TestServer } from '../../../test/servers/index.ts';
import { type Clock, ManualClock, systemClock } from '../time/index.ts';
import { describeState } from './conformance.ts';
import { StateConflictError, StateUnavailableError } from './errors.ts';
import { createJetStreamState } from './jetstream-state.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startNats();
});
afterAll(() => server.stop());

const open = (bucket = 'b', clock: Clock = systemClock) =>
  createJetStreamState({ servers: [server.url], name: 'test', bucket, clock });
const bytes = (text: string) => new TextEncoder().encode(text);
const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 30_000, interval: 20 });

describeState('JetStream', () => open());

describe('JetStream state', () => {
  it('killed and restarted: unavailable at once meanwhile, then entries, deletions and revisions are as they were', async () => {
    const state = await open('outage');
    const kept = await state.put('kept', bytes('x'));
    for (let i = 0; i < 50; i++) await state.put(`gone.${i}`, bytes('x'));
    for (let i = 0; i < 50; i++) await state.delete(`gone.${i}`);
    await server.kill('SIGKILL');
    await eventually(async () => expect(await state.health()).toMatchObject({ ok: false }));
    const startMs = performance.now();
    await expect(state.get('kept')).rejects.toThrow(StateUnavailableError);
    await expect(state.put('kept', bytes('y'))).rejects.toThrow(StateUnavailableError);
    await expect(state.compareAndSet('kept', bytes('y'), kept)).rejects.toThrow(StateUnavailableError);
    await expect(state.delete('kept')).rejects.toThrow(StateUnavailableError);
    await expect(state.keys('')).rejects.toThrow(StateUnavailableError);
    expect(performance.now() - startMs).toBeLessThan(1_000);
    await server.restart();
    await eventually(async () => expect(await state.health()).toEqual({ ok: true }));
    expect(await state.keys('')).toEqual(['kept']);
    expect(await state.get('gone.7')).toBeNull();
    expect(await state.get('kept')).toEqual({ value: bytes('x'), revision: kept });
    await expect(state.compareAndSet('kept', bytes('lost'), 0)).rejects.toThrow(StateConflictError);
    await state.compareAndSet('gone.7', bytes('again'), 0);
    await state.close();
  });

  it('starts while the server is away, and makes its bucket when it is there', async () => {
    await server.kill('SIGKILL');
    const state = await open('later');
    await expect(state.get('a')).rejects.toThrow(StateUnavailableError);
    await server.restart();
    await eventually(async () => expect(await state.get('a')).toBeNull());
    await state.put('a', bytes('x'));
    await state.close();
  });

  it('a server that hangs is unavailable within seconds', async () => {
    const state = await open('hangs');
    await state.put('a', bytes('x'));
    await server.kill('SIGSTOP');
    const startMs = performance.now();
    await expect(state.keys('')).rejects.toThrow(StateUnavailableError);
    expect(performance.now() - startMs).toBeLessThan(7_000);
    await server.kill('SIGCONT');
    await eventually(async () => expect(await state.keys('')).toEqual(['a']));
    await state.close();
  });

  it('a bucket that the server has lost is made again by the write that finds out', async () => {
    const state = await open('lost');
    await state.put('a', bytes('x'));
    const admin = await connect({ servers: server.url });
    await (await admin.jetstreamManager()).streams.delete('KV_lost');
    await admin.close();
    const revision = await state.put('a', bytes('y'));
    expect(await state.get('a')).toEqual({ value: bytes('y'), revision });
    await state.close();
  });

  it('old marks of deletions are swept, and nothing else', async () => {
    const state = await open('swept');
    await state.put('kept', bytes('x'));
    await state.put('gone', bytes('x'));
    await state.delete('gone');
    await state.close();
    const clock = new ManualClock(Date.now() + 31 * 60_000);
    const later = await open('swept', clock);
    const admin = await connect({ servers: server.url });
    const manager = await admin.jetstreamManager();
    try {
      expect(await later.keys('')).toEqual(['kept']);
      await eventually(async () => expect((await manager.streams.info('KV_swept')).state.messages).toBe(1));
      await later.compareAndSet('gone', bytes('again'), 0);
      expect(await later.keys('')).toEqual(['gone', 'kept']);
    } finally {
      await admin.close();
      await later.close();
    }
  });
});
