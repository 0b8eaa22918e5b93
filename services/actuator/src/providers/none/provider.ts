import { ProviderError } from '../errors.ts';
import type { CreateResult, Interruption, Machine, MachineProvider } from '../port.ts';

const REFUSAL = 'the pool has no provider (provider.kind is none): nothing can be created or removed';

/** Of a pool that only observes. It has no machines, and refuses to make or to end one. */
export class NoProvider implements MachineProvider {
  readonly kind = 'none';

  create(): Promise<CreateResult> {
    return Promise.reject(new ProviderError('config', REFUSAL));
  }

  async find(): Promise<readonly Machine[]> {
    return [];
  }

  async list(): Promise<readonly Machine[]> {
    return [];
  }

  terminate(): Promise<'gone'> {
    return Promise.reject(new ProviderError('config', REFUSAL));
  }

  async interruptions(): Promise<readonly Interruption[]> {
    return [];
  }
}
