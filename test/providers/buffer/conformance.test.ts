import { describeProvider } from '../conformance.ts';
import { openBuffer } from './endpoint.ts';

describeProvider('buffer, by CapacityBuffers', () => openBuffer({ customResources: { capacitybuffers: ['v1beta1'] } }));
describeProvider('buffer, by placeholder pods', () => openBuffer());
