import { flawOf } from './models.ts';
import { Refusal } from './replies.ts';

/** Sizes that the region has. */
const SIZES = /^Standard_(B2s|D\d+(a|p|pl)?l?d?s_v[456]|E\d+s_v5|F\d+s_v2|NC\d+as_T4_v3)$/;

/** As far as the rules below read it. */
export interface MachineBody {
  readonly location: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly zones?: readonly string[];
  readonly properties?: {
    readonly hardwareProfile?: { readonly vmSize?: string };
    readonly priority?: string;
    readonly evictionPolicy?: string;
    readonly billingProfile?: { readonly maxPrice?: number };
    readonly storageProfile?: {
      readonly imageReference?: Readonly<Record<string, string>>;
      readonly osDisk?: { readonly deleteOption?: string };
    };
    readonly osProfile?: {
      readonly computerName?: string;
      readonly adminUsername?: string;
      readonly customData?: string;
      readonly linuxConfiguration?: {
        readonly disablePasswordAuthentication?: boolean;
        readonly ssh?: { readonly publicKeys?: readonly { readonly path?: string; readonly keyData?: string }[] };
      };
    };
    readonly networkProfile?: {
      readonly networkApiVersion?: string;
      readonly networkInterfaceConfigurations?: readonly InterfaceBody[];
    };
  };
}

interface InterfaceBody {
  readonly name: string;
  readonly properties?: {
    readonly networkSecurityGroup?: { readonly id?: string };
    readonly ipConfigurations?: readonly {
      readonly properties?: {
        readonly subnet?: { readonly id?: string };
        readonly publicIPAddressConfiguration?: unknown;
      };
    }[];
  };
}

/** The body of a PUT of a machine, or the refusal that it deserves. */
export function checkedMachine(body: unknown): MachineBody {
  const flaw = flawOf('Microsoft.Compute', 'VirtualMachine', body);
  if (flaw !== null) throw new Refusal(400, 'InvalidRequestContent', flaw);
  const machine = body as MachineBody;
  checkTags(machine.tags ?? {});
  checkHardware(machine);
  checkGuest(machine.properties?.osProfile);
  checkNetwork(machine.properties?.networkProfile);
  return machine;
}

function checkTags(tags: Readonly<Record<string, string>>): void {
  if (Object.keys(tags).length > 50) throw new Refusal(400, 'TooManyTags', 'at most 50 tags');
  for (const [name, value] of Object.entries(tags)) {
    if (/[<>%&\\?/]/.test(name) || name.length > 512)
      throw new Refusal(
        400,
        'InvalidTagNameCharacters',
        `The tag name '${name}' has reserved characters '<,>,%,&,\\,?,/' or control characters.`,
      );
    if (value.length > 256) throw new Refusal(400, 'InvalidTagValueLength', `Tag value too large: ${name}`);
  }
}

function checkHardware({ zones = [], location, properties }: MachineBody): void {
  if (!/^[a-z0-9]+$/.test(location)) throw new Refusal(400, 'LocationNotAvailableForResourceType', location);
  const size = properties?.hardwareProfile?.vmSize ?? '';
  if (!SIZES.test(size)) throw invalid(`The value ${size} provided for the VM size is not valid.`);
  if (zones.length > 1 || zones.some((zone) => !/^[123]$/.test(zone)))
    throw new Refusal(400, 'InvalidAvailabilityZone', `zones: ${zones.join()}`);
  const isSpot = properties?.priority === 'Spot';
  if (!isSpot && (properties?.evictionPolicy !== undefined || properties?.billingProfile !== undefined))
    throw invalid("The property 'evictionPolicy' or 'billingProfile' can only be set if the priority is Spot.");
  const maxPrice = properties?.billingProfile?.maxPrice ?? -1;
  if (maxPrice !== -1 && maxPrice <= 0) throw invalid(`billingProfile.maxPrice: ${maxPrice}`);
  const { id, communityGalleryImageId, publisher, offer, sku, version } =
    properties?.storageProfile?.imageReference ?? {};
  if (!id && !communityGalleryImageId && !(publisher && offer && sku && version))
    throw invalid("Required parameter 'imageReference' is missing (null).");
  if (!properties?.storageProfile?.osDisk) throw invalid("Required parameter 'osDisk' is missing (null).");
}

function checkGuest(osProfile: NonNullable<MachineBody['properties']>['osProfile']): void {
  const { computerName = '', adminUsername = '', customData, linuxConfiguration } = osProfile ?? {};
  if (!/^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/i.test(computerName)) throw invalid(`computerName: ${computerName}`);
  if (adminUsername === '' || /^(root|admin|administrator)$/i.test(adminUsername))
    throw invalid(`The Admin Username specified is not allowed: ${adminUsername}`);
  if (!linuxConfiguration?.disablePasswordAuthentication)
    throw invalid('Authentication using either SSH or by user name and password must be enabled in Linux profile.');
  for (const { path, keyData } of linuxConfiguration.ssh?.publicKeys ?? []) {
    if (path !== `/home/${adminUsername}/.ssh/authorized_keys`)
      throw invalid(
        `Destination path for SSH public keys is currently limited to its default value /home/${adminUsername}/.ssh/authorized_keys.`,
      );
    if (!/^ssh-(rsa|ed25519) \S+/.test(keyData ?? ''))
      throw invalid('The value of parameter linuxConfiguration.ssh.publicKeys.keyData is invalid.');
  }
  if ((linuxConfiguration.ssh?.publicKeys ?? []).length === 0)
    throw invalid('linuxConfiguration.ssh.publicKeys is empty');
  if (customData === undefined) return;
  if (!/^[A-Za-z0-9+/]+=*$/.test(customData) || customData.length % 4 !== 0)
    throw invalid('Custom data in OSProfile must be in Base64 encoding');
  if (customData.length > 87_380) throw invalid('Custom data in OSProfile is longer than 87380 characters');
}

function checkNetwork(networkProfile: NonNullable<MachineBody['properties']>['networkProfile']): void {
  const { networkApiVersion, networkInterfaceConfigurations = [] } = networkProfile ?? {};
  if (networkInterfaceConfigurations.length === 0) throw invalid('networkProfile.networkInterfaces is missing');
  if (networkApiVersion === undefined) throw invalid("Required parameter 'networkApiVersion' is missing (null).");
  for (const { name, properties } of networkInterfaceConfigurations) {
    if (!/^[\w.-]{1,80}$/.test(name)) throw invalid(`network interface ${name}`);
    const [address] = properties?.ipConfigurations ?? [];
    if (!address?.properties?.subnet?.id) throw invalid(`network interface ${name} has no subnet`);
  }
}

function invalid(message: string): Refusal {
  return new Refusal(400, 'InvalidParameter', message);
}

/** What the caller has to be allowed besides the machine itself. */
export function linkedActions({ properties }: MachineBody): readonly string[] {
  const interfaces = properties?.networkProfile?.networkInterfaceConfigurations ?? [];
  const addresses = interfaces.flatMap((one) => one.properties?.ipConfigurations ?? []);
  const network = 'Microsoft.Network';
  const isPublic = addresses.some((one) => one.properties?.publicIPAddressConfiguration !== undefined);
  return [
    'Microsoft.Compute/disks/write',
    `${network}/networkInterfaces/write`,
    `${network}/networkInterfaces/join/action`,
    `${network}/virtualNetworks/subnets/join/action`,
    ...(isPublic ? [`${network}/publicIPAddresses/write`, `${network}/publicIPAddresses/join/action`] : []),
    ...(interfaces.some((one) => one.properties?.networkSecurityGroup)
      ? [`${network}/networkSecurityGroups/join/action`]
      : []),
  ];
}

/** What goes with the machine, as its delete options say. */
export function linkedDeletions(machine: MachineBody): readonly string[] {
  const isPublic = linkedActions(machine).some((action) => action.includes('publicIPAddresses'));
  return [
    'Microsoft.Compute/disks/delete',
    'Microsoft.Network/networkInterfaces/delete',
    ...(isPublic ? ['Microsoft.Network/publicIPAddresses/delete'] : []),
  ];
}
