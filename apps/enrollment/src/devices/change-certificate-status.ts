import type { CaPort } from '@touchmark/ca-port';
import { toHex } from '@touchmark/der';
import type { CertificateEvent } from '../projection/device-happening.js';
import type { DeviceProjection } from '../projection/device-projection.js';
import { changeStatus, type StatusAct, type StatusAnswer } from './change-device-status.js';

/** Finds the device to which a certificate was issued; undefined for one that is not a device's. */
export interface CertificateOwners {
  deviceOf(serialNumber: Uint8Array): Promise<string | undefined>;
}

const events = {
  suspend: 'certificate-suspend',
  release: 'certificate-release',
  revoke: 'certificate-revoke',
} as const satisfies Record<StatusAct['act'], CertificateEvent>;

/** Changes the status of one certificate. Revoked as compromised, it holds its device too (rule 5), which the registry then shows. */
export class ChangeCertificateStatus {
  private readonly ca: Pick<CaPort, 'changeStatus'>;
  private readonly owners: CertificateOwners;
  private readonly projection: Pick<DeviceProjection, 'follow'>;

  constructor(
    ca: Pick<CaPort, 'changeStatus'>,
    owners: CertificateOwners,
    projection: Pick<DeviceProjection, 'follow'>,
  ) {
    this.ca = ca;
    this.owners = owners;
    this.projection = projection;
  }

  /** Throws the CA's refusals. */
  async run(serialNumber: Uint8Array, act: StatusAct, actor: string): Promise<StatusAnswer> {
    const { position, seatsChanged } = await changeStatus(this.ca, {
      ...act,
      target: { kind: 'certificate', serialNumber },
    });
    const deviceRef = await this.owners.deviceOf(serialNumber);
    if (deviceRef === undefined) return { position, seatsChanged, deviceRef: null, state: null };
    const { act: name, ...rest } = act;
    const detail = { ...rest, ...position, serialNumber: toHex(serialNumber) };
    const followed = await this.projection.follow([{ deviceRef, event: events[name], actor, detail }]);
    return { position, seatsChanged, deviceRef, state: followed.get(deviceRef)?.state ?? null };
  }
}
