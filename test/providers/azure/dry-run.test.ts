import { describe, expect, it } from 'vitest';
import { dryRun } from '../../../services/actuator/src/providers/azure/dry-run.ts';
import { TOKEN } from './endpoint.ts';
import { opened } from './opened.ts';

const outcomes = (found: readonly { readonly operation: string; readonly outcome: string }[]) =>
  new Map(found.map(({ operation, outcome }) => [operation, outcome]));

describe('azure dry run', () => {
  it('says what the role allows, whether the machine is as Azure takes it, and makes nothing', async () => {
    const target = await opened('machines');
    const told = outcomes(await dryRun(target.config));
    expect(told.get('Microsoft.Compute/virtualMachines/write')).toBe('ok');
    expect(told.get('Microsoft.Compute/disks/delete')).toBe('fails: no role allows it in the resource group');
    expect(told.get('Microsoft.Network/virtualNetworks/subnets/join/action')).toBe(
      'fails: no role allows it in the resource group',
    );
    expect(told.get('reading the resource group')).toBe('ok: in westeurope');
    expect(told.get('listing machines')).toBe('ok: 0 of this configuration');
    expect(told.get('validating a machine of Standard_D2s_v5')).toBe('ok');
    expect(told.get('reading prices')).toBe('ok: Standard_D2s_v5 costs 0.115 USD/h in westeurope');
    expect(target.endpoint.running()).toEqual([]);
    expect(target.endpoint.seen.filter((call) => !/^(GET .* 200|POST .*\/validate 200)$/.test(call))).toEqual([]);
  });

  it.each(['uniform', 'aks'] as const)('reads the groups of mode %s, and writes nothing', async (mode) => {
    const target = await opened(mode);
    const told = outcomes(await dryRun(target.config));
    expect(told.get('listing machines')).toBe('ok: 0 of this configuration');
    expect(target.endpoint.seen.every((call) => /^GET .* 200$/.test(call))).toBe(true);
  });

  it('goes on where Azure lets nobody in, and tells no token', async () => {
    const target = await opened('machines');
    target.endpoint.fail('read', 'auth', 100);
    const told = outcomes(await dryRun(target.config));
    expect(told.get('Microsoft.Compute/virtualMachines/write')).toMatch(/^fails: AuthorizationFailed/);
    expect(told.get('listing machines')).toMatch(/^fails: AuthorizationFailed/);
    expect(told.get('validating a machine of Standard_D2s_v5')).toMatch(/^fails: AuthorizationFailed/);
    expect([...told.values()].join()).not.toContain(TOKEN);
  });
});
