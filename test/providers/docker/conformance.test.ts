import { describeProvider } from '../conformance.ts';
import { openDocker } from './target.ts';

describeProvider('docker', () => openDocker());
