import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../../tools/workloads.ts';
import { ForescaleProcess } from '../harness/process.ts';

interface Container {
  readonly args: readonly string[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}
interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes: readonly { readonly name: string; readonly configMap?: { readonly name: string } }[];
}

/** Starts what a manifest's pod runs, with its volumes as folders below `root`, these secrets, and on loopback. */
export async function startPod(
  manifest: Manifest,
  manifests: readonly Manifest[],
  root: string,
  secrets: Readonly<Record<string, string>>,
): Promise<ForescaleProcess & { readonly url: string }> {
  const { template } = manifest.spec as { readonly template: { readonly spec: PodSpec } };
  const [container] = template.spec.containers as readonly [Container];
  const inside = (text: string) => text.replaceAll(/\/(etc|var\/lib)\/forescale/g, `${root}$&`);
  for (const { name, mountPath } of container.volumeMounts) {
    const folder = join(root, mountPath);
    await mkdir(folder, { recursive: true });
    const map = template.spec.volumes.find((volume) => volume.name === name)?.configMap?.name;
    const data = manifests.find((one) => one.kind === 'ConfigMap' && one.metadata.name === map)?.data ?? {};
    for (const [file, text] of Object.entries(data)) {
      const local = inside(text).replace('host: 0.0.0.0', 'host: 127.0.0.1').replace('port: 8080', 'port: 0');
      await writeFile(join(folder, file), local);
    }
  }
  for (const [name, text] of Object.entries(secrets)) await writeFile(join(root, '/etc/forescale/secrets', name), text);
  return await ForescaleProcess.service(container.args.map(inside));
}
