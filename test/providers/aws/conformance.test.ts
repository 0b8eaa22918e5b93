import { describe, it } from 'vitest';
import { describeProvider } from '../conformance.ts';
import { whyNoModels } from './service-model.ts';
import { openGroups, openMachines } from './target.ts';

const reason = whyNoModels();
if (reason === null) {
  describeProvider('aws', openMachines);
  describeProvider('aws groups', openGroups);
} else {
  describe('provider aws', () => it.skip(reason));
}
