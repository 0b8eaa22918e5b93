import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The first service of docker-compose.yml, the only one that is root: makes the secrets of the installation, each in the
 * volume of those who need it, and gives the data folders to the users that write there. Run again it changes nothing.
 */

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const FORESCALE: Owner = { uid: 65_532, gid: 65_532 };
const GRAFANA: Owner = { uid: 472, gid: 0 };
/** The last file that is written: with it, all are there. */
const COMPLETE = 'complete';

const volume = (name: string) => join('/volumes', name);
const secret = () => randomBytes(24).toString('base64url');

function kubeconfig(token: string): string {
  const cluster = { server: 'http://simulation:8080', 'insecure-skip-tls-verify': true };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'simulation',
    clusters: [{ name: 'simulation', cluster }],
    users: [{ name: 'forescale', user: { token } }],
    contexts: [{ name: 'simulation', context: { cluster: 'simulation', user: 'forescale' } }],
  });
}

/** The files of each volume; those who share a secret get the same. */
function makeSecrets(): readonly (readonly [name: string, owner: Owner, files: Readonly<Record<string, string>>])[] {
  const [influx, reader, nats, cluster] = [secret(), secret(), secret(), secret()];
  const own = {
    'influxdb-password': influx,
    'nats-token': nats,
    'cluster-token': cluster,
    'http-token': secret(),
    kubeconfig: kubeconfig(cluster),
  };
  return [
    ['influxdb-secrets', FORESCALE, { admin: secret(), forescale: influx, grafana: reader }],
    ['nats-secrets', FORESCALE, { 'authorization.conf': `token: ${JSON.stringify(nats)}\n` }],
    ['grafana-secrets', GRAFANA, { admin: secret(), influxdb: reader }],
    ['forescale-secrets', FORESCALE, own],
  ];
}

for (const name of ['collector-data', 'influxdb-data', 'nats-data'])
  chownSync(volume(name), FORESCALE.uid, FORESCALE.gid);

const all = makeSecrets();
const complete = join(volume('forescale-secrets'), COMPLETE);
if (!existsSync(complete)) {
  // What a start that broke off has left: nobody has used it, for all wait for this one to be done.
  for (const [name] of all) for (const file of readdirSync(volume(name))) rmSync(join(volume(name), file));
  for (const [name, { uid, gid }, files] of all) {
    for (const [file, text] of Object.entries(files)) {
      const path = join(volume(name), file);
      writeFileSync(path, text, { mode: 0o400 });
      chownSync(path, uid, gid);
    }
  }
  writeFileSync(complete, '');
  process.stdout.write('secrets made, in volumes of their own\n');
}
const missing = all.flatMap(([name, , files]) =>
  Object.keys(files)
    .filter((file) => !existsSync(join(volume(name), file)))
    .map((file) => `${name}/${file}`),
);
if (missing.length > 0) {
  process.stderr.write(`missing: ${missing.join(', ')}; "docker compose down --volumes" begins anew\n`);
  process.exitCode = 1;
}
