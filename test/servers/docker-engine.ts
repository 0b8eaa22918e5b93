import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { startServer, type TestServer } from '@forescale/bench/servers';

/** What an engine of a test's own is without: the machine's configuration, and its network. */
interface EngineOptions {
  /**
   * `none`: containers have no network, and the storage driver is the one that needs nothing of the kernel. `own`: the
   * engine lives in a network namespace of its own, with bridges and names in it; nothing of it is seen outside, so that
   * whoever wants to talk to a published port has to go in, by `nsenter --target <pid> --net`. It is killed rather than
   * asked to end, and all its containers with it.
   */
  readonly network: 'none' | 'own';
}

/**
 * A Docker engine of the test's own, beside whichever runs: its own socket and folders. Rejects with what the engine says
 * where none can be started: it wants root, and a kernel that lets it.
 */
export function startDockerEngine({ network }: EngineOptions = { network: 'none' }): Promise<TestServer> {
  const isolated = network === 'own';
  return startServer({
    binary: isolated ? 'unshare' : 'dockerd',
    debianPackage: isolated ? 'util-linux' : 'docker.io',
    url: (_port, directory) => `unix://${socketIn(directory)}`,
    async configure(directory) {
      const config = join(directory, 'daemon.json');
      // Else the machine's own configuration counts too.
      await writeFile(config, '{}');
      const own = [
        `--config-file=${config}`,
        `--host=unix://${socketIn(directory)}`,
        `--data-root=${join(directory, 'data')}`,
        `--exec-root=${join(directory, 'exec')}`,
        `--pidfile=${join(directory, 'pid')}`,
      ];
      if (!isolated) return [...own, '--bridge=none', '--iptables=false', '--storage-driver=vfs'];
      return [
        '--net',
        '--mount',
        '--pid',
        '--fork',
        '--kill-child',
        '--mount-proc',
        'sh',
        '-c',
        IN_NAMESPACE,
        'sh',
        ...own,
      ];
    },
    isReady: (_port, directory) => answers(socketIn(directory)),
  });
}

/** A new namespace has a loopback device that is down. */
const IN_NAMESPACE = 'PATH=$PATH:/usr/sbin:/sbin; busybox ip link set lo up && exec dockerd "$@"';

const socketIn = (directory: string) => join(directory, 'docker.sock');

/** It listens once everything else is up. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path, timeout: 1_000 });
    const answer = (ready: boolean) => {
      socket.destroy();
      resolve(ready);
    };
    socket.once('data', (data) => answer(data.toString().startsWith('HTTP/1.1 200')));
    socket.once('error', () => answer(false));
    socket.once('timeout', () => answer(false));
    socket.once('connect', () => socket.write('GET /_ping HTTP/1.1\r\nhost: docker\r\n\r\n'));
  });
}
