import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { startServer, type TestServer } from './server-process.ts';

interface NatsServerOptions {
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  /** Files: it speaks TLS only, and with an authority to clients only that have a certificate of it. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string; readonly clientCaFile?: string };
  /** The block of that name, as an operator would write it. */
  readonly authorization?: string;
  /** Of one message; 1 MiB when absent. */
  readonly payloadBytesMax?: number;
}

/** A `nats-server` with JetStream on disk. */
export function startNats(options: NatsServerOptions = {}): Promise<TestServer> {
  return startServer({
    binary: 'nats-server',
    debianPackage: 'nats-server',
    url: (port) => `nats://127.0.0.1:${port}`,
    async configure(directory, port) {
      const path = join(directory, 'nats.conf');
      await writeFile(path, natsConfig(directory, port, options));
      return ['-c', path];
    },
    isReady: saysInfo,
  });
}

function natsConfig(directory: string, port: number, options: NatsServerOptions): string {
  const { user, password, token, authorization, tls, payloadBytesMax } = options;
  const lines = [
    `listen: "127.0.0.1:${port}"`,
    `jetstream { store_dir: ${JSON.stringify(join(directory, 'data'))}, max_mem: 64MB, max_file: 4GB }`,
  ];
  if (payloadBytesMax !== undefined) lines.push(`max_payload: ${payloadBytesMax}`);
  if (authorization !== undefined) lines.push(authorization);
  if (token !== undefined) lines.push(`authorization { token: ${JSON.stringify(token)} }`);
  else if (user !== undefined) {
    lines.push(`authorization { user: ${JSON.stringify(user)}, password: ${JSON.stringify(password ?? '')} }`);
  }
  if (tls !== undefined) {
    const { certFile, keyFile, clientCaFile } = tls;
    const clients = clientCaFile === undefined ? '' : `, ca_file: ${JSON.stringify(clientCaFile)}, verify: true`;
    lines.push(`tls { cert_file: ${JSON.stringify(certFile)}, key_file: ${JSON.stringify(keyFile)}${clients} }`);
  }
  return `${lines.join('\n')}\n`;
}

/** The server greets a client with INFO as soon as it serves, streams recovered. */
function saysInfo(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1_000 });
    const answer = (ready: boolean) => {
      socket.destroy();
      resolve(ready);
    };
    socket.once('data', (data) => answer(data.toString().startsWith('INFO')));
    socket.once('error', () => answer(false));
    socket.once('timeout', () => answer(false));
    socket.once('close', () => answer(false));
  });
}
