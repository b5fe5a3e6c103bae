import type { CaPort, JournalPosition, RevocationReason, StatusChange } from '@touchmark/ca-port';
import type { DeviceState } from '@touchmark/lifecycle';
import type { DeviceRecord } from '@touchmark/store';
import { EnrollmentError } from '../enrollment-error.js';
import type { DeviceProjection } from '../projection/device-projection.js';

/** What an admin does to a device or to one certificate. `cause` names one hold among several. */
export type StatusAct =
  | { readonly act: 'suspend' | 'release'; readonly cause: string }
  | { readonly act: 'revoke'; readonly reason: RevocationReason; readonly invalidityDate?: number | undefined };

export type DeviceAct = StatusAct | { readonly act: 'retire' | 'recommission' };

/** Position of the journal at which the change is durable, and what became of the device. */
export interface StatusAnswer {
  readonly position: JournalPosition;
  readonly seatsChanged: number;
  /** Null for a certificate that is not a device's. */
  readonly deviceRef: string | null;
  readonly state: DeviceState | null;
}

/** Finds the device that is meant. */
export interface KnownDevices {
  get(deviceRef: string): Promise<DeviceRecord>;
}

/** Changes the status of a whole device: the CA decides and commits, then the registry follows, then the caller hears. */
export class ChangeDeviceStatus {
  private readonly ca: Pick<CaPort, 'changeStatus'>;
  private readonly devices: KnownDevices;
  private readonly projection: Pick<DeviceProjection, 'follow'>;

  constructor(ca: Pick<CaPort, 'changeStatus'>, devices: KnownDevices, projection: Pick<DeviceProjection, 'follow'>) {
    this.ca = ca;
    this.devices = devices;
    this.projection = projection;
  }

  /** Throws DEVICE_UNKNOWN and the CA's refusals. */
  async run(deviceRef: string, act: DeviceAct, actor: string): Promise<StatusAnswer> {
    const { realm, model, deviceSerial } = await this.devices.get(deviceRef);
    const target = { kind: 'device', identity: { realm, model, deviceSerial } } as const;
    const { position, seatsChanged } = await changeStatus(this.ca, { ...act, target });
    const { act: event, ...detail } = act;
    const followed = await this.projection.follow([{ deviceRef, event, actor, detail: { ...detail, ...position } }]);
    return { position, seatsChanged, deviceRef, state: followed.get(deviceRef)?.state ?? null };
  }
}

/** Asks for one change. Throws what the CA refuses. */
export async function changeStatus(
  ca: Pick<CaPort, 'changeStatus'>,
  change: StatusChange,
): Promise<{ position: JournalPosition; seatsChanged: number }> {
  const [outcome] = await ca.changeStatus([change]);
  if (!outcome) throw new TypeError('the CA answered fewer items than were asked');
  if (!outcome.ok) throw EnrollmentError.fromRefusal(outcome);
  return { position: outcome.position, seatsChanged: outcome.seatsChanged };
}
