import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { askedScript } from '../join/cloud-init.ts';
import { NODE_NAME_COMMAND, PROVIDER_ID_COMMAND } from './metadata.ts';

/** The metadata service of an instance, in its second version, behind curl: nothing without a token. */
const CURL = `#!/bin/sh
for arg in "$@"; do
  case "$arg" in
    PUT) put=1 ;;
    X-aws-ec2-metadata-token:*) token="\${arg#*: }" ;;
    http*) url="$arg" ;;
  esac
done
if [ -n "$put" ]; then
  [ "$url" = http://169.254.169.254/latest/api/token ] && printf secret
  exit
fi
[ "$token" = secret ] || exit 22
case "\${url#http://169.254.169.254/latest/meta-data/}" in
  placement/availability-zone) printf us-east-1a ;;
  instance-id) printf i-0123456789abcdef0 ;;
  tags/instance/forescale:node) [ -e "$TAGGED" ] && printf web-t3k9p2-4f0az1 || exit 22 ;;
  *) exit 22 ;;
esac
`;

let machine = '';
beforeEach(async () => {
  machine = await mkdtemp(join(tmpdir(), 'forescale-metadata-'));
  for (const [name, script] of [
    ['curl', CURL],
    // By the second try the tag is there.
    ['sleep', '#!/bin/sh\n: > "$TAGGED"\n'],
  ] as const) {
    await writeFile(join(machine, name), script);
    await chmod(join(machine, name), 0o755);
  }
});
afterEach(() => rm(machine, { recursive: true }));

it('a machine reads provider id and name from its metadata, and waits until they are there', async () => {
  const file = join(machine, 'config.yaml');
  await writeFile(
    file,
    'node-name: "__FORESCALE_NODE_NAME__"\nkubelet-arg: ["provider-id=__FORESCALE_PROVIDER_ID__"]\n',
  );
  const script = askedScript({ providerId: PROVIDER_ID_COMMAND, nodeName: NODE_NAME_COMMAND }, file);
  const env = { PATH: `${machine}:/usr/bin:/bin`, TAGGED: join(machine, 'tagged') };
  const { status, stderr } = spawnSync('/bin/sh', ['-euc', script], { encoding: 'utf8', env, timeout: 60_000 });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(await readFile(file, 'utf8')).toBe(
    'node-name: "web-t3k9p2-4f0az1"\nkubelet-arg: ["provider-id=aws:///us-east-1a/i-0123456789abcdef0"]\n',
  );
});
