import { openProvider } from '@forescale/actuator/providers';
import { loadConfig, providersOf } from '@forescale/shared/config';
import { connectKubernetes } from '@forescale/shared/kubernetes';
import { systemClock } from '@forescale/shared/time';

/** Opens every provider of the configurations; writes a line for each: file, kind, and `opened` or why not. */
const kube = connectKubernetes({ url: 'http://127.0.0.1:1', kubeconfig: null, context: null });
for (const file of process.argv.slice(2)) {
  const { pools } = await loadConfig(file, process.env);
  for (const config of pools.flatMap(({ provider }) => [...providersOf(provider).values()])) {
    const outcome = await openProvider(config, { clock: systemClock, kube }).then(
      () => 'opened',
      (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error)),
    );
    process.stdout.write(`${file}\t${config.kind}\t${outcome}\n`);
  }
}
