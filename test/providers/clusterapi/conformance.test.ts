import { describeProvider } from '../conformance.ts';
import { openClusterApi } from './endpoint.ts';

describeProvider('clusterapi', () => openClusterApi());
