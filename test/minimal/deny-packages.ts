import { registerHooks } from 'node:module';

/** Loaded before a program: the packages that DENIED_PACKAGES names are, for it, not installed. */
const denied = (process.env.DENIED_PACKAGES ?? '').split(',');

registerHooks({
  resolve(specifier, context, nextResolve) {
    const name = denied.find((one) => specifier === one || specifier.startsWith(`${one}/`));
    if (name === undefined) return nextResolve(specifier, context);
    const error = new Error(`Cannot find package '${name}' imported from ${context.parentURL}`);
    throw Object.assign(error, { code: 'ERR_MODULE_NOT_FOUND' });
  },
});
