import { describeProvider } from '../conformance.ts';
import { openMachines, openNodePool, openRegionalGroup, openZonalGroup } from './target.ts';

describeProvider('gcp', openMachines);
describeProvider('gcp, instance group of a zone', openZonalGroup);
describeProvider('gcp, instance group of a region', openRegionalGroup);
describeProvider('gcp, node pool of GKE', openNodePool);
