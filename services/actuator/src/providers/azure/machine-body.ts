import type { AzureMachinesConfig } from '@forescale/shared/config';
import { ProviderError } from '../errors.ts';
import type { MachineRequest } from '../port.ts';
import { armZones, TAGS } from './names.ts';

/** Of the calls with which Azure makes the network interface itself, together with the machine. */
const NETWORK_API = '2020-11-01';

/** Azure's own limit, of the bytes before base64. */
const CUSTOM_DATA_BYTES_MAX = 65_535;

/**
 * The machine as ARM takes it. Disk, interface and address go with it; as spot it pays at most what it costs on demand,
 * so that it is never taken back for its price.
 */
export function machineBody(request: MachineRequest, config: AzureMachinesConfig, userData: string) {
  const { offering, nodeName } = request;
  const zones = armZones(offering);
  return {
    location: offering.region,
    tags: {
      [TAGS.cluster]: request.clusterTag,
      [TAGS.pool]: request.pool,
      [TAGS.request]: request.requestId,
      [TAGS.node]: nodeName,
    },
    ...(zones.length > 0 && { zones }),
    properties: {
      hardwareProfile: { vmSize: offering.instanceType },
      ...(offering.capacityType === 'spot'
        ? { priority: 'Spot', evictionPolicy: 'Delete', billingProfile: { maxPrice: -1 } }
        : { priority: 'Regular' }),
      storageProfile: {
        imageReference: imageReference(
          isArm(offering.instanceType) ? (config.imageArm64 ?? config.image) : config.image,
        ),
        osDisk: {
          createOption: 'FromImage',
          deleteOption: 'Delete',
          caching: 'ReadWrite',
          managedDisk: { storageAccountType: config.diskType },
          ...(config.diskGb !== null && { diskSizeGB: config.diskGb }),
        },
      },
      osProfile: {
        computerName: nodeName,
        adminUsername: config.adminUsername,
        ...(userData !== '' && { customData: encoded(userData) }),
        linuxConfiguration: {
          disablePasswordAuthentication: true,
          ssh: {
            publicKeys: [{ path: `/home/${config.adminUsername}/.ssh/authorized_keys`, keyData: config.sshPublicKey }],
          },
        },
      },
      networkProfile: {
        networkApiVersion: NETWORK_API,
        networkInterfaceConfigurations: [networkInterface(request.requestId, config)],
      },
    },
  };
}

function networkInterface(name: string, { subnet, securityGroup, publicIp }: AzureMachinesConfig) {
  const address = {
    name,
    sku: { name: 'Standard', tier: 'Regional' },
    properties: { deleteOption: 'Delete', publicIPAllocationMethod: 'Static' },
  };
  return {
    name,
    properties: {
      primary: true,
      deleteOption: 'Delete',
      ...(securityGroup !== null && { networkSecurityGroup: { id: securityGroup } }),
      ipConfigurations: [
        {
          name,
          properties: {
            primary: true,
            subnet: { id: subnet },
            ...(publicIp && { publicIPAddressConfiguration: address }),
          },
        },
      ],
    },
  };
}

/** Sizes say it by a "p" after the number of processors: "Standard_D4ps_v5". */
function isArm(size: string): boolean {
  return /^Standard_[A-Z]+\d+(-\d+)?[a-z]*p[a-z]*_v\d+$/.test(size);
}

/** "publisher:offer:sku:version", or the id of an image, a gallery's or the community's. */
function imageReference(image: string) {
  if (/^\/communityGalleries\//i.test(image)) return { communityGalleryImageId: image };
  if (/^\/sharedGalleries\//i.test(image)) return { sharedGalleryImageId: image };
  if (image.startsWith('/')) return { id: image };
  const [publisher = '', offer = '', sku = '', version = ''] = image.split(':');
  return { publisher, offer, sku, version };
}

function encoded(userData: string): string {
  const bytes = Buffer.from(userData);
  if (bytes.length <= CUSTOM_DATA_BYTES_MAX) return bytes.toString('base64');
  throw new ProviderError('config', `user data of ${bytes.length} bytes: Azure takes ${CUSTOM_DATA_BYTES_MAX}`);
}
