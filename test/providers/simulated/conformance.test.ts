import { describeProvider } from '../conformance.ts';
import { openSimulated } from './target.ts';

describeProvider('simulated', openSimulated);
