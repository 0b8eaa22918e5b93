import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { startServer, type TestServer } from '@forescale/bench/servers';

/**
 * A Docker engine of the test's own, beside whichever runs: its own socket and folders, no bridge and no rules of the
 * firewall, and the storage driver that needs nothing of the kernel. Rejects with what the engine says where none can be
 * started: it wants root, and a kernel that lets it.
 */
export function startDockerEngine(): Promise<TestServer> {
  return startServer({
    binary: 'dockerd',
    debianPackage: 'docker.io',
    url: (_port, directory) => `unix://${socketIn(directory)}`,
    async configure(directory) {
      const config = join(directory, 'daemon.json');
      // Else the machine's own configuration counts too.
      await writeFile(config, '{}');
      return [
        `--config-file=${config}`,
        `--host=unix://${socketIn(directory)}`,
        `--data-root=${join(directory, 'data')}`,
        `--exec-root=${join(directory, 'exec')}`,
        `--pidfile=${join(directory, 'pid')}`,
        '--bridge=none',
        '--iptables=false',
        '--storage-driver=vfs',
      ];
    },
    isReady: (_port, directory) => answers(socketIn(directory)),
  });
}

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
