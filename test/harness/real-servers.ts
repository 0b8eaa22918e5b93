import { startInflux, startNats } from '../servers/index.ts';
import { temporaryDirectory } from './config-file.ts';

/** Servers of their own for a suite, with a directory; whatever ends them again is put on `closing`. */
export async function startRealServers(closing: (() => Promise<unknown>)[]) {
  const [nats, influx, directory] = await Promise.all([startNats(), startInflux(), temporaryDirectory()]);
  closing.push(
    directory.remove,
    () => nats.stop(),
    () => influx.stop(),
  );
  return { nats, influx, directory };
}
