import type { MachineBody } from './machine-rules.ts';

/** From the order on. */
const BOOT_MS = 30_000;
/** So long after the order it is known that there is no room. */
const FAILURE_MS = 1_000;
const DELETION_MS = 10_000;

interface Failure {
  readonly code: string;
  readonly message: string;
}

/** A virtual machine, alone or of a scale set, at any moment of the clock. */
export class Resource {
  readonly name: string;
  readonly body: MachineBody;
  readonly createdMs: number;
  /** The scale set that made it; null: nobody. */
  readonly scaleSet: string | null;
  readonly failure: Failure | null;
  /** It has failed, and runs all the same. */
  isPowered = false;
  #deletedMs: number | null = null;

  constructor(name: string, body: MachineBody, createdMs: number, failure: Failure | null, scaleSet: string | null) {
    this.name = name;
    this.body = body;
    this.createdMs = createdMs;
    this.failure = failure;
    this.scaleSet = scaleSet;
  }

  delete(nowMs: number): void {
    this.#deletedMs ??= nowMs;
  }

  isGone(nowMs: number): boolean {
    return this.#deletedMs !== null && nowMs - this.#deletedMs >= DELETION_MS;
  }

  get isDeleting(): boolean {
    return this.#deletedMs !== null;
  }

  provisioningState(nowMs: number): 'Creating' | 'Succeeded' | 'Failed' | 'Deleting' {
    if (this.isDeleting) return 'Deleting';
    if (this.failure) return nowMs - this.createdMs >= FAILURE_MS ? 'Failed' : 'Creating';
    return nowMs - this.createdMs >= BOOT_MS ? 'Succeeded' : 'Creating';
  }

  /** As ARM shows it; it never shows `customData` again. */
  shown(id: string, nowMs: number, more: Readonly<Record<string, unknown>> = {}) {
    const { customData: _, ...osProfile } = this.body.properties?.osProfile ?? {};
    return {
      id,
      name: this.name,
      type: 'Microsoft.Compute/virtualMachines',
      location: this.body.location,
      ...(this.body.tags && { tags: this.body.tags }),
      ...(this.body.zones && { zones: this.body.zones }),
      ...more,
      properties: {
        ...this.body.properties,
        osProfile,
        vmId: '11111111-2222-3333-4444-555555555555',
        provisioningState: this.provisioningState(nowMs),
        timeCreated: new Date(this.createdMs).toISOString(),
      },
    };
  }

  statuses(nowMs: number) {
    const state = this.provisioningState(nowMs);
    const time = new Date(this.createdMs + FAILURE_MS).toISOString();
    if (state === 'Failed' && this.failure) {
      const { code, message } = this.failure;
      const provisioning = { code: `ProvisioningState/failed/${code}`, level: 'Error', message, time };
      return this.isPowered ? [provisioning, { code: 'PowerState/running', level: 'Info' }] : [provisioning];
    }
    const provisioning = { code: `ProvisioningState/${state.toLowerCase()}`, level: 'Info', time };
    return state === 'Succeeded' ? [provisioning, { code: 'PowerState/running', level: 'Info' }] : [provisioning];
  }
}
