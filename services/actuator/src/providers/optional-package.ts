import { ConfigError } from '@forescale/shared/config';

/** Loads the optional dependency that only this kind of provider needs. Rejects as `packageFor` does. */
export function optionalPackage<Module>(
  kind: string,
  packageName: string,
  load: () => Promise<Module>,
): Promise<Module> {
  return packageFor(`provider.kind = ${kind}`, packageName, load);
}

/**
 * Loads the optional dependency that only this setting needs: `load` imports it. Rejects with `ConfigError` that names
 * both where it is not installed.
 */
export async function packageFor<Module>(
  setting: string,
  packageName: string,
  load: () => Promise<Module>,
): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    if (!isAbsent(error, packageName)) throw error;
    throw new ConfigError(`${setting} needs the package ${packageName}: npm install ${packageName}`);
  }
}

/** Not what the package itself cannot find. */
function isAbsent(error: unknown, packageName: string): boolean {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return code === 'ERR_MODULE_NOT_FOUND' && String(message).includes(`'${packageName}'`);
}
