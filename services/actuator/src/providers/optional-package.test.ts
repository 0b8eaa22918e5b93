import { describe, expect, it } from 'vitest';
import { optionalPackage } from './optional-package.ts';

const absent = (message: string) => Object.assign(new Error(message), { code: 'ERR_MODULE_NOT_FOUND' });

describe('an optional package', () => {
  it('that is not installed is named', async () => {
    const load = () => Promise.reject(absent("Cannot find package '@cloud/sdk' imported from /x/provider.ts"));
    await expect(optionalPackage('cloud', '@cloud/sdk', load)).rejects.toThrow(
      'provider.kind = cloud needs the package @cloud/sdk: npm install @cloud/sdk',
    );
  });

  it('that is broken says how', async () => {
    const load = () => Promise.reject(absent("Cannot find package 'left-pad' imported from /x/@cloud/sdk/index.js"));
    await expect(optionalPackage('cloud', '@cloud/sdk', load)).rejects.toThrow("Cannot find package 'left-pad'");
  });
});
