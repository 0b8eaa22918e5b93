import { describeProvider } from '../conformance.ts';
import { openHetzner } from './target.ts';

describeProvider('hetzner', () => openHetzner());
