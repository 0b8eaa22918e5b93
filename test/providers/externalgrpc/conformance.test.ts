import { describeProvider } from '../conformance.ts';
import { openExternalGrpcTarget } from './target.ts';

describeProvider('externalgrpc', openExternalGrpcTarget);
