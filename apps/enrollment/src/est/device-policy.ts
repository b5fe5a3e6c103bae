import { type DeviceIdentity, deviceRefOf } from '@touchmark/ca-port';
import type { DeviceCertificate } from './authenticate-device.js';
import type { EnrollmentPolicy } from './enrollment-policy.js';
import { EnrollmentRefusedError } from './est-error.js';

/** A device of the registry and the policy that its credentials stand under. */
export interface RegisteredDevice {
  readonly identity: DeviceIdentity;
  /** Undefined where the device never enrolled under one. */
  readonly policy: EnrollmentPolicy | undefined;
}

/** Port: the registry, asked about one device. */
export interface FindDevice {
  findDevice(deviceRef: string): Promise<RegisteredDevice | undefined>;
  /** deviceRef of the device that a certificate was issued to, by its serialNumber. */
  certificateOwner(serialNumber: Uint8Array): Promise<string | undefined>;
}

/** The policy that a device's LDevID is rotated under. */
export class DevicePolicy {
  private readonly devices: FindDevice;

  constructor(devices: FindDevice) {
    this.devices = devices;
  }

  /** Codes DEVICE_UNKNOWN, and POLICY_MISSING for a device without a policy of its own. */
  async of(certificate: DeviceCertificate): Promise<{ identity: DeviceIdentity; policy: EnrollmentPolicy }> {
    const device = await this.find(certificate);
    if (device === undefined) throw new EnrollmentRefusedError('DEVICE_UNKNOWN');
    if (device.policy === undefined) throw new EnrollmentRefusedError('POLICY_MISSING');
    return { identity: device.identity, policy: device.policy };
  }

  private async find({ identity, serialNumber }: DeviceCertificate): Promise<RegisteredDevice | undefined> {
    const named = await this.devices.findDevice(deviceRefOf(identity));
    if (named !== undefined) return named;
    // A pseudonymous LDevID does not say whose it is; only the CA's own books do.
    const owner = await this.devices.certificateOwner(serialNumber);
    return owner === undefined ? undefined : this.devices.findDevice(owner);
  }
}
