import { completeOfferings } from '@forescale/actuator/prices';
import { type Config, ConfigError, loadConfig } from '@forescale/shared/config';

type Environment = Parameters<typeof loadConfig>[1];

/** The configuration in a file, with everything that its pools may buy. Rejects with `ConfigError`. */
export async function loadCompleteConfig(path: string, environment: Environment): Promise<Config> {
  const config = await loadConfig(path, environment);
  try {
    return completeOfferings(config);
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}
