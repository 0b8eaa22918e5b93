import { afterEach } from 'vitest';
import { type AzureTarget, type Mode, openAzureTarget } from './target.ts';

const open: AzureTarget[] = [];
afterEach(async () => {
  for (const target of open.splice(0)) await target.close();
});

/** Closed after the test. */
export async function opened(mode: Mode, change: Readonly<Record<string, unknown>> = {}): Promise<AzureTarget> {
  const target = await openAzureTarget(mode, change);
  open.push(target);
  return target;
}
